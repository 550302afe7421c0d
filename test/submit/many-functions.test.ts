import { Balancer } from 'leastwork';
import { describe, expect, it } from 'vitest';

/** A function of its own source, `characters` long. */
const functionOf = (n: number, characters: number) =>
  new Function(`return () => { return ${n}; /* ${'-'.repeat(characters)} */ }`)() as () => number;

describe('many functions', () => {
  it('of one source are one in the worker, however often they are made', async () => {
    await using balancer = new Balancer({ workers: 1 });
    const counts: number[] = [];
    for (let i = 0; i < 50; i++) {
      const made = function self(): number {
        const own = self as unknown as { calls?: number };
        own.calls = (own.calls ?? 0) + 1;
        return own.calls;
      };
      counts.push(await balancer.submit(made));
    }
    expect(counts).toEqual([...Array(50).keys()].map((i) => i + 1));
  });

  it('of different sources are forgotten by a worker that could not hold them all', async () => {
    // V8 keeps all code for which it counts coverage, so not in this thread. (Node would add the variable if it were missing.)
    const env = { ...process.env, NODE_V8_COVERAGE: '' };
    await using balancer = new Balancer({ workers: 1, env, resourceLimits: { maxOldGenerationSizeMb: 64 } });
    const first = functionOf(-1, 10);
    expect(await balancer.submit(first)).toBe(-1);
    for (let i = 0; i < 8_000; i += 500) {
      const batch = [...Array(500).keys()].map((k) => balancer.submit(functionOf(i + k, 12_000)));
      expect(await Promise.all(batch)).toEqual([...Array(500).keys()].map((k) => i + k));
    }
    // Sent anew.
    expect(await balancer.submit(first)).toBe(-1);
    expect(balancer.stats().workers).toMatchObject([{ id: 1, completed: 8_002 }]);
  });

  it('that are all in use at once are all known', async () => {
    await using balancer = new Balancer({ workers: 1, window: 4_096 });
    const all = [...Array(2_500).keys()].map((n) => balancer.submit(functionOf(n, 0)));
    expect(await Promise.all(all)).toEqual([...Array(2_500).keys()]);
  });
});
