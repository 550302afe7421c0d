import { type Job, Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { onEachEngine, work } from '../support/cluster.js';

/** What the engine keeps of a job, apart from its id and its time. */
function stored(job: Job): unknown {
  const { id: _, timestamp, ...others } = job.asJSON();
  expect(Math.abs(Date.now() - timestamp)).toBeLessThan(60_000);
  const { jobId: __, ...opts } = others.opts;
  return { ...others, opts };
}

onEachEngine(
  (site) => {
    test.for([
      [{}, { priority: 2 ** 20 }],
      [{ priority: 5 }, { priority: 2 ** 20 - 5 }],
      [{ delay: 60_000 }, { priority: 2 ** 20, delay: 60_000 }],
    ] as const)('a job is what BullMQ would have made of it: %o', async ([given, opts]) => {
      const { redis } = site.server.address as { redis: string };
      const client = new Redis(redis, { maxRetriesPerRequest: null });
      const queue = new Queue(`${site.name}.work`, { connection: client });
      try {
        const cluster = site.cluster();
        cluster.submit(work.add, [1, 2], given).catch(() => {});
        await expect.poll(async () => (await queue.getJobs()).length).toBe(1);
        const [ours] = (await queue.getJobs()) as [Job];
        const state = await ours.getState();
        const theirs = await queue.add(ours.name, ours.data, {
          ...opts,
          removeOnComplete: true,
          jobId: 'theirs',
        });
        expect(ours.name).toBe('work/add');
        expect(ours.data).toEqual({
          v: 1,
          from: expect.any(String),
          task: 'work/add',
          args: '[1,2]',
          retries: 2,
        });
        expect(await theirs.getState()).toBe(state);
        const again = (await queue.getJob('theirs')) as Job;
        expect(stored(ours)).toEqual(stored(again));
      } finally {
        await queue.close();
        client.disconnect();
      }
    });
  },
  ['redis'],
);
