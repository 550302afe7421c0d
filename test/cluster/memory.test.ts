import { Redis } from 'ioredis';
import pg from 'pg';
import { expect, test } from 'vitest';
import { onEachEngine, work } from '../support/cluster.js';
import { collect } from '../support/collect.js';
import { range } from '../support/range.js';

/** The rest of an engine after so many requests, and after twice as many: it does not grow. */
async function run(site: Parameters<Parameters<typeof onEachEngine>[0]>[0], requests: number): Promise<void> {
  const cluster = site.cluster();
  await Promise.all(range(0, requests).map((n) => cluster.submit(work.bytes, [2_000 + (n % 7)])));
  await collect(cluster.map(range(0, requests), work.double, { batch: 10 }));
  // Failed jobs are kept, as many as are wanted.
  await collect(cluster.mapSettled(range(0, 10), work.odd));
  await Promise.allSettled(range(0, 20).map(() => cluster.submit(work.odd, [2])));
  await cluster.close();
}

onEachEngine(
  (site) => {
    test('Redis holds as little after many requests as after few', async () => {
      const client = new Redis((site.server.address as { redis: string }).redis);
      const machine = await site.machine({ keepFailed: 5 });
      const sizes: { keys: string[]; stream: number }[] = [];
      for (const requests of [200, 1_000]) {
        await run(site, requests);
        await expect.poll(() => machine.stats().running).toBe(0);
        const keys = (await client.keys('*')).filter((key) => !key.endsWith(':stalled-check')).sort();
        sizes.push({ keys, stream: await client.xlen(`bull:${site.name}.work:events`) });
      }
      const [few, many] = sizes as [(typeof sizes)[0], (typeof sizes)[0]];
      const kept = (keys: readonly string[]): number =>
        keys.filter((key) => /:work:[^:]+\.\d+$/.test(key.replace('.work', ':work'))).length;
      expect(kept(many.keys)).toBe(5);
      expect(many.keys.length).toBeLessThanOrEqual(few.keys.length + 2);
      // Redis trims streams in steps of its nodes.
      expect(many.stream).toBeLessThan(400);
      client.disconnect();
    });

    test('the mailbox of a submitter that has died does not stay', async () => {
      const client = new Redis((site.server.address as { redis: string }).redis);
      await site.machine();
      const cluster = site.cluster();
      await cluster.submit(work.double, [1]);
      await client.xadd(`bull:${site.name}.mail:dead`, '*', 'm', 'x');
      const keys = await client.keys(`bull:${site.name}.mail:*`);
      for (const key of keys.filter((each) => !each.endsWith(':dead')))
        expect(await client.pttl(key)).toBeGreaterThan(0);
      client.disconnect();
    });
  },
  ['redis'],
);

onEachEngine(
  (site) => {
    test('PostgreSQL holds as little after many requests as after few', async () => {
      const client = new pg.Client((site.server.address as { postgres: string }).postgres);
      const machine = await site.machine({ keepFailed: 5 });
      client.on('error', () => {});
      await client.connect();
      const { rows: tables } = await client.query(
        "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'bullmq'",
      );
      const sizes: Record<string, number>[] = [];
      for (const requests of [20, 500]) {
        await run(site, requests);
        await expect.poll(() => machine.stats().running).toBe(0);
        const size: Record<string, number> = {};
        for (const { name } of tables) {
          const { rows } = await client.query(`SELECT count(*)::int AS n FROM bullmq."${name}"`);
          size[name] = rows[0].n;
        }
        sizes.push(size);
      }
      const [few, many] = sizes as [Record<string, number>, Record<string, number>];
      // BullMQ trims them by chance, about once in 256 events; there were some 3,700.
      expect(many.event).toBeLessThan(2_500);
      for (const [name, rows] of Object.entries(many))
        if (name !== 'event')
          expect({ name, more: rows - (few[name] ?? 0) }).toEqual({
            name,
            more: expect.toSatisfy((n) => n < 20),
          });
      await client.end();
    }, 60_000);
  },
  ['postgres'],
);
