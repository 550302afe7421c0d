import type { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { onEachEngine, work } from '../support/cluster.js';
import { range } from '../support/range.js';
import { redisClient } from '../support/redis-client.js';

/** Calls of a command since the last `CONFIG RESETSTAT`, by all clients together, also in scripts. */
async function calls(client: Redis, command: string): Promise<number> {
  const [, count] =
    new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(await client.info('commandstats')) ?? [];
  return Number(count ?? 0);
}

// Each has an engine of its own: what a test has closed may still say so to its engine a little later.
onEachEngine(
  (site) => {
    const client = redisClient(site);

    test('a submitter asks as much of the engine, however many others there are', async () => {
      await site.machine({ lockDuration: 200 });
      const clusters = range(0, 20).map(() => site.cluster({ lockDuration: 200 }));
      const allSee = (): boolean => clusters.every((cluster) => cluster.stats().machines.length === 1);
      await expect.poll(allSee).toBe(true);
      await client().config('RESETSTAT');
      // A beat writes one entry.
      await expect.poll(() => calls(client(), 'hset')).toBeGreaterThan(100);
      const reads = await calls(client(), 'hgetall');
      // Of one machine; a beat may have read and not written yet, or the other way round.
      expect(reads).toBeLessThan(1.5 * (await calls(client(), 'hset')));
    });
  },
  ['redis'],
);

onEachEngine(
  (site) => {
    const client = redisClient(site);

    test('nobody looks for a job whose reply is there, though it has overtaken the answer to its sending', async () => {
      // A machine looks for its own entry with each lock, and a submitter for what it has waited for longer than two:
      // not in the time of this test.
      await site.machine({ lockDuration: 1_000_000 });
      const cluster = site.cluster({ lockDuration: 1_000_000 });
      await cluster.submit(work.add, [1, 1]);
      await client().config('RESETSTAT');
      let next = 0;
      const submitter = async (): Promise<void> => {
        while (next < 3_000) await cluster.submit(work.double, [next++]);
      };
      await Promise.all(range(0, 500).map(submitter));
      // By which BullMQ tells the state of a job.
      expect(await calls(client(), 'zscore')).toBe(0);
    });
  },
  ['redis'],
);
