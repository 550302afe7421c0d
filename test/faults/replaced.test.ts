import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { faults } from '../support/faults.js';
import { ready } from '../support/readiness.js';

// Fake timers, as test runners have them, change what the whole thread sees.
describe('a task replaces what its thread is made of, and leaves it so', () => {
  const replaced: [string, () => void][] = [
    [
      'the timers',
      () => {
        Object.assign(globalThis, { setImmediate() {}, setTimeout() {}, queueMicrotask() {} });
      },
    ],
    [
      'the clock',
      () => {
        performance.now = () => {
          throw new Error('no clock');
        };
        process.on('unhandledRejection', () => {});
      },
    ],
    [
      'the exit',
      () => {
        process.exit = (() => {}) as never;
      },
    ],
  ];

  it.each(replaced)('%s: the thread goes on, and ends when it is to', (_, replace) =>
    withSmallBalancer({}, async (balancer) => {
      await balancer.submit(replace);
      // More than the 10 ms after which the thread's event loop has to turn.
      const long = Array.from({ length: 8 }, (_, i) =>
        balancer.submit(
          (n: number) => {
            for (let i = 0; i < 3e6; i++) Math.sqrt(i);
            return n;
          },
          [i],
        ),
      );
      expect(await fates(long)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      await balancer.reload();
      expect(await balancer.submit(faults.echo, ['fresh'])).toBe('fresh');
      expect(balancer.stats().workers).toHaveLength(1);
    }),
  );

  it('a thread that something keeps busy, so that it cannot end, is ended', () =>
    withSmallBalancer({ heartbeat: false }, async (balancer) => {
      await ready(balancer, 1);
      await balancer.submit(() => {
        setTimeout(() => {
          for (;;);
        }, 0);
      });
      await balancer.reload();
      expect(balancer.stats().workers).toMatchObject([{ id: 2, state: 'ready' }]);
      expect(await balancer.submit(faults.echo, [1])).toBe(1);
    }));
});
