/** How long a request waits for a machine at most, and at least. */
import { expect, test } from 'vitest';
import { onEachEngine, work } from '../support/cluster.js';
import { range } from '../support/range.js';

onEachEngine((site) => {
  test('a delay keeps a request back; a queueTimeout ends its waiting, also where machines do not serve it', async () => {
    const cluster = site.cluster({ machineTimeout: 30_000 });
    await Promise.all([1, 2, 3].map(() => site.machine()));
    expect(await cluster.submit(work.same, ['soon'], { delay: 1 })).toBe('soon');
    const missing = range(0, 100).map(async (n) => {
      const expired = cluster.submit(work.missing, [], { queueTimeout: 100 + 3 * n });
      await expect(expired).rejects.toMatchObject({ code: 'ERR_TASK_TIMEOUT', phase: 'queue' });
    });
    await Promise.all(missing);
  });

  test('a queueTimeout counts from when a machine may take the request', async () => {
    const cluster = site.cluster({ machineTimeout: 30_000 });
    const began = performance.now();
    const expired = cluster.submit(work.missing, [], { delay: 1_000, queueTimeout: 1 });
    await expect(expired).rejects.toMatchObject({ code: 'ERR_TASK_TIMEOUT', phase: 'queue' });
    // (Timers may be early by the part of a millisecond.)
    expect(performance.now() - began).toBeGreaterThan(999);
  });
});
