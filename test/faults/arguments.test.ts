import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { ready } from '../support/readiness.js';

describe('arguments on their way', () => {
  it('by message, to a thread that dies: they are sent again to the next', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      await ready(balancer, 1);
      const victim = balancer.submit(faults.crash, ['exit', gate.words]);
      await gate.reached();
      // The thread is blocked: none of these is received before it dies.
      const values = Array.from({ length: 30 }, (_, i) => ({ i, text: 'x'.repeat(10_000) }));
      const behind = values.map((value) => balancer.submit(faults.echo, [value]));
      await Promise.resolve();
      gate.open();
      expect(await fates([victim, ...behind])).toEqual(['ERR_WORKER_CRASHED', ...values]);
    }));

  it('too large for the threads: the request fails after some of them have died, and its neighbours run', () =>
    withSmallBalancer(
      { resourceLimits: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 } },
      async (balancer) => {
        const huge = Array.from({ length: 3_000_000 }, (_, i) => i + 0.5);
        for (let round = 0; round < 3; round++) {
          // The thread idles, or has just completed something: the arguments meet it asleep, or looking.
          const small = [balancer.submit(faults.echo, [1]), balancer.submit(faults.echo, ['y'.repeat(1000)])];
          expect(await fates(small)).toEqual([1, 'y'.repeat(1000)]);
          const victim = balancer.submit(faults.echo, [huge]);
          const behind = [
            balancer.submit(faults.echo, [2]),
            balancer.submit(faults.echo, ['z'.repeat(1000)]),
          ];
          expect(await fates([victim, ...behind])).toEqual(['ERR_WORKER_CRASHED', 2, 'z'.repeat(1000)]);
        }
        await expect(balancer.submit(faults.echo, [huge])).rejects.toMatchObject({
          cause: { code: 'ERR_WORKER_OUT_OF_MEMORY' },
        });
      },
    ));

  it('with getters that submit requests themselves', () =>
    withSmallBalancer({ window: 64 }, async (balancer) => {
      await ready(balancer, 1);
      const inner: Promise<unknown>[] = [];
      const restless = () => ({
        get more() {
          for (let i = 0; i < 200; i++) inner.push(balancer.submit(faults.echo, [i]));
          return 'more';
        },
      });
      const outer = [balancer.submit(faults.echo, [restless()]), balancer.submit(faults.echo, [restless()])];
      expect(await fates(outer)).toEqual([{ more: 'more' }, { more: 'more' }]);
      expect(inner.length).toBeGreaterThanOrEqual(400);
      expect(await fates(inner)).toEqual(inner.map((_, i) => i % 200));
    }));
});
