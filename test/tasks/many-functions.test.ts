import { fileURLToPath } from 'node:url';
import { Balancer } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { runNode } from '../support/program.js';

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
    // V8 keeps all code for which it counts coverage, so not in this process. (Node would add the variable if
    // it were missing.)
    const env = { ...process.env, NODE_V8_COVERAGE: '' };
    const program = fileURLToPath(new URL('../balancer/programs/many-functions.mjs', import.meta.url));
    expect(await runNode([program], { env })).toMatchObject({
      code: 0,
      stdout: '8002 by worker 1\n',
      stderr: '',
    });
  });

  it('that are all in use at once are all known', async () => {
    await using balancer = new Balancer({ workers: 1, window: 4_096 });
    const all = [...Array(2_500).keys()].map((n) => balancer.submit(functionOf(n, 0)));
    expect(await Promise.all(all)).toEqual([...Array(2_500).keys()]);
  });
});
