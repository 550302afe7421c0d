import { Cluster, serve } from 'leastwork/cluster';
import { expect, test } from 'vitest';
import { onEachEngine, work, workUrl } from '../support/cluster.js';

onEachEngine(
  (site) => {
    test('clusters of one name in two schemas of a database know nothing of each other', async () => {
      const { postgres: connectionString } = site.server.address as { postgres: string };
      const postgres = { connectionString, schema: 'Other' };
      await site.machine();
      const first = site.cluster();
      await using _machine = await serve([workUrl], { postgres, name: site.name, balancer: { workers: 1 } });
      await using second = new Cluster({ postgres, name: site.name });
      expect(await first.submit(work.add, [1, 1])).toBe(2);
      expect(await second.submit(work.add, [1, 2])).toBe(3);
      const machines = () => [first, second].map((cluster) => cluster.stats().machines.length);
      await expect.poll(machines).toEqual([1, 1]);
    });

    test('a schema that cannot be one is refused', () => {
      const postgres = { connectionString: 'postgres://localhost', schema: 'a-b' };
      expect(() => new Cluster({ postgres })).toThrow(/Cluster options\.postgres\.schema: got 'a-b'/);
    });
  },
  ['postgres'],
);
