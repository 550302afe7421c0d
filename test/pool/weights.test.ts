import type { Balancer } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withBalancer } from '../support/balancer.js';
import { Gate, wait } from '../support/gate.js';
import { allReady, readyIds } from '../support/readiness.js';
import { until } from '../support/until.js';

/** A set of workers with weights 1, 2 and 3. */
async function addWeights(balancer: Balancer): Promise<void> {
  await allReady(balancer);
  await balancer.add({ weight: 2 });
  await balancer.add({ weight: 3 });
}

/** Fills the windows with tasks that block, and tells what each worker has been given. */
async function shares(balancer: Balancer, requests: number, key?: (i: number) => string): Promise<number[]> {
  // A thread that had no core may have been found to start nothing: all have answered then.
  await balancer.broadcast(() => 1);
  const gate = new Gate();
  const results = Array.from({ length: requests }, (_, i) =>
    balancer.submit(wait, [gate.shared, i], key && { key: key(i) }),
  );
  // All is given out in this turn. What waits behind a request that takes long will be taken back to the
  // queue.
  for (let i = 0; i < 10; i++) await undefined;
  const given = balancer.stats().workers.map(({ pending }) => pending);
  await gate.reached(3);
  gate.open();
  expect(await Promise.all(results)).toEqual(Array.from({ length: requests }, (_, i) => i));
  return given;
}

describe('weights 1:2:3 where all are busy', () => {
  it.each(['least-pending', 'round-robin', 'least-work'] as const)(
    '%s: what the workers hold is in that proportion',
    (policy) =>
      withBalancer({ workers: 1, policy, window: 64 }, async (balancer) => {
        await addWeights(balancer);
        for (const rounds of [1, 2, 10]) {
          const given = await shares(balancer, 6 * rounds);
          expect(given).toEqual([rounds, 2 * rounds, 3 * rounds]);
        }
      }),
  );

  it.each(['rendezvous', 'hash'] as const)('%s: about in that proportion', (policy) =>
    withBalancer({ workers: 1, policy, window: 1024 }, async (balancer) => {
      await addWeights(balancer);
      const given = await shares(balancer, 1200, (i) => `key ${i}`);
      expect(given.reduce((a, b) => a + b)).toBe(1200);
      // Four standard deviations of the draws, and more of a ring with some hundred points.
      const slack = policy === 'hash' ? 0.3 : 0.25;
      for (const [i, share] of [200, 400, 600].entries()) {
        expect(given[i]).toBeGreaterThan(share * (1 - slack));
        expect(given[i]).toBeLessThan(share * (1 + slack));
      }
    }),
  );

  it('hold after a crash of each', () =>
    withBalancer({ workers: 1, window: 64 }, async (balancer) => {
      await addWeights(balancer);
      for (let i = 0; i < 3; i++) {
        await expect(balancer.submit(() => process.exit(1))).rejects.toMatchObject({
          code: 'ERR_WORKER_CRASHED',
        });
      }
      await until(() => readyIds(balancer).length === 3);
      const given = await shares(balancer, 60);
      expect(given.sort((a, b) => a - b)).toEqual([10, 20, 30]);
    }));

  it('keep nobody idle: with three requests each worker runs one', () =>
    withBalancer({ workers: 1, window: 64 }, async (balancer) => {
      await addWeights(balancer);
      // By weight alone the heaviest would get two of them.
      expect(await shares(balancer, 3)).toEqual([1, 1, 1]);
    }));
});
