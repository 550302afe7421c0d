import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { onEachEngine, work } from '../support/cluster.js';

const lockDuration = 600;

// What people do in a viewer of queues, as Bull Board is.
onEachEngine(
  (site) => {
    test('the entries of the directory are promoted: machines and submitters are there as before', async () => {
      const { redis } = site.server.address as { redis: string };
      await site.machine({ lockDuration });
      const cluster = site.cluster({ lockDuration, machineTimeout: 1_000 });
      const [one] = await Promise.all([cluster.submit(work.add, [1, 1]), cluster.submit(work.add, [1, 2])]);
      expect(one).toBe(2);
      const client = new Redis(redis, { maxRetriesPerRequest: null });
      for (const [name, kind] of [
        ['directory', 'machine'],
        ['submitters', 'submitter'],
      ]) {
        const queue = new Queue(`${site.name}.${name}`, { connection: client });
        const entries = await queue.getDelayed();
        expect(entries.map((entry) => entry.name)).toEqual([kind]);
        for (const entry of entries) await entry.promote();
        await queue.close();
      }
      client.disconnect();
      // Longer than all beats that may be missed, and than a request waits for a machine.
      const seen: number[] = [];
      for (let i = 0; i < 8; i++) {
        expect(await cluster.submit(work.rest, [lockDuration])).toBe(lockDuration);
        seen.push(cluster.stats().machines.length);
      }
      expect(seen).toEqual(seen.map(() => 1));
    });
  },
  ['redis'],
);
