import { Balancer, Router } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withBalancer } from '../support/balancer.js';
import { readyIds } from '../support/readiness.js';

const preload = [new URL('../fixtures/faults/throws-at-load.mjs', import.meta.url)];

describe('workersReady', () => {
  it('resolves when all workers get requests', () =>
    withBalancer({ workers: 3 }, async (balancer) => {
      expect(readyIds(balancer)).toHaveLength(0);
      await balancer.workersReady();
      expect(readyIds(balancer)).toHaveLength(3);
      await balancer.workersReady();
    }));

  it('resolves when that many do', () =>
    withBalancer({ workers: 3 }, async (balancer) => {
      await balancer.workersReady(1);
      expect(readyIds(balancer).length).toBeGreaterThanOrEqual(1);
      await balancer.workersReady(3);
      expect(readyIds(balancer)).toHaveLength(3);
    }));

  it('starts the missing ones of an elastic set, and is over at once for the least number of none', () =>
    withBalancer({ workers: { min: 0, max: 3 } }, async (balancer) => {
      await balancer.workersReady();
      expect(readyIds(balancer)).toHaveLength(0);
      await balancer.workersReady(2);
      expect(readyIds(balancer)).toHaveLength(2);
    }));

  it('refuses what can never be', () =>
    withBalancer({ workers: { min: 0, max: 2 } }, async (balancer) => {
      for (const count of [0, 3, 1.5, '2' as unknown as number]) {
        await expect(balancer.workersReady(count)).rejects.toMatchObject({
          code: 'ERR_INVALID_OPTION',
          message: expect.stringContaining('an integer from 1 to 2, the largest number of workers'),
        });
      }
    }));

  it('rejects when the set becomes too small for it', () =>
    withBalancer({ workers: { min: 0, max: 2 } }, async (balancer) => {
      const ready = balancer.workersReady(2);
      const resized = balancer.resize(1);
      await expect(ready).rejects.toMatchObject({ code: 'ERR_NO_WORKER' });
      await resized;
    }));

  it('rejects when threads cannot be started, with the reason', async () => {
    await using balancer = new Balancer({ workers: 3, preload });
    const failed = { code: 'ERR_NO_WORKER', message: expect.stringContaining('throws-at-load') };
    await expect(balancer.workersReady()).rejects.toMatchObject(failed);
    await expect(balancer.workersReady(1)).rejects.toMatchObject(failed);
  });

  it('rejects when the Balancer is closed, before and meanwhile', async () => {
    const balancer = new Balancer({ workers: 2 });
    const ready = balancer.workersReady();
    const closed = balancer.close();
    await expect(ready).rejects.toMatchObject({ code: 'ERR_BALANCER_CLOSED' });
    await closed;
    await expect(balancer.workersReady()).rejects.toMatchObject({ code: 'ERR_BALANCER_CLOSED' });
  });

  it('of a Router waits for all of its Balancers', async () => {
    const [one, two] = [new Balancer({ workers: 1 }), new Balancer({ workers: 2 })];
    await using router = new Router({ a: one, 'b*': two, '*': two });
    await router.workersReady();
    expect([one, two].map((balancer) => readyIds(balancer).length)).toEqual([1, 2]);
    await one.close();
    await expect(router.workersReady()).rejects.toMatchObject({ code: 'ERR_BALANCER_CLOSED' });
  });
});
