import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { faults } from '../support/faults.js';
import { until } from '../support/until.js';

describe('recycling', () => {
  it('replaces a worker that has done enough; nothing fails', () =>
    withSmallBalancer({ maxRequestsPerWorker: 20 }, async (balancer) => {
      const ended: { id: number; expected: boolean }[] = [];
      balancer.on('workerEnd', (event) => ended.push(event));
      const threads = new Set<unknown>();
      // As long as it takes: how soon a fresh thread is up depends on the machine.
      while (ended.length < 3) {
        const results = await fates(Array.from({ length: 20 }, () => balancer.submit(faults.thread)));
        for (const result of results) threads.add(result);
      }
      expect(ended.slice(0, 3)).toMatchObject([1, 2, 3].map((id) => ({ id, expected: true })));
      expect(threads.size).toBeGreaterThanOrEqual(3);
      expect(balancer.stats()).toMatchObject({ failed: 0, retried: 0 });
    }));

  it('replaces a worker whose heap has grown too large; nothing fails', () =>
    withSmallBalancer(
      { maxHeapPerWorker: 64, resourceLimits: { maxOldGenerationSizeMb: 512 } },
      async (balancer) => {
        const ended: { id: number; expected: boolean }[] = [];
        balancer.on('workerEnd', (event) => ended.push(event));
        const threads: unknown[] = [];
        while (ended.length === 0) threads.push(await balancer.submit(faults.leak, [2]));
        // It was not ended before its time.
        expect(threads.length).toBeGreaterThan(10);
        expect(ended).toMatchObject([{ id: 1, expected: true }]);
        await until(() => balancer.stats().workers.length === 1);
        expect(await balancer.submit(faults.thread)).not.toBe(threads[0]);
      },
    ));
});
