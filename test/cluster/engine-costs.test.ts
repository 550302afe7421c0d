import { expect, test } from 'vitest';
import { onEachEngine, work } from '../support/cluster.js';
import { range } from '../support/range.js';
import { redisClient } from '../support/redis-client.js';

onEachEngine(
  (site) => {
    const client = redisClient(site);

    /** Of a command, by all of them together, also in scripts. */
    const calls = async (command: string): Promise<number> =>
      Number(
        new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(await client().info('commandstats'))?.[1] ?? 0,
      );

    test('a submitter asks as much of the engine, however many others there are', async () => {
      await site.machine({ lockDuration: 200 });
      const clusters = range(0, 20).map(() => site.cluster({ lockDuration: 200 }));
      const allSee = (): boolean => clusters.every((cluster) => cluster.stats().machines.length === 1);
      await expect.poll(allSee).toBe(true);
      await client().config('RESETSTAT');
      // A beat writes one entry.
      await expect.poll(() => calls('hset')).toBeGreaterThan(100);
      const reads = await calls('hgetall');
      // Of one machine; a beat may have read and not written yet, or the other way round.
      expect(reads).toBeLessThan(1.5 * (await calls('hset')));
    });

    test('nobody looks for a job whose reply is there, though it has overtaken the answer to its sending', async () => {
      await site.machine();
      const cluster = site.cluster();
      await cluster.submit(work.add, [1, 1]);
      await client().config('RESETSTAT');
      let next = 0;
      const submitter = async (): Promise<void> => {
        while (next < 3_000) await cluster.submit(work.double, [next++]);
      };
      await Promise.all(range(0, 500).map(submitter));
      // By which BullMQ tells the state of a job.
      expect(await calls('zscore')).toBe(0);
    });
  },
  ['redis'],
);
