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
      const queue = `bull:${site.name}.work`;
      const keys = async (): Promise<string[]> =>
        (await client.keys('*')).filter((key) => !key.endsWith(':stalled-check'));
      const sizes: number[] = [];
      for (const requests of [200, 1_000]) {
        await run(site, requests);
        await expect.poll(() => machine.stats().running).toBe(0);
        // The machine tells so a little before the engine knows.
        await expect.poll(() => client.exists(`${queue}:active`)).toBe(0);
        sizes.push((await keys()).length);
      }
      const [few, many] = sizes as [number, number];
      const kept = (await keys()).filter((key) => /:work:[^:]+\.\d+$/.test(key.replace('.work', ':work')));
      expect(kept.length).toBe(5);
      expect(many).toBeLessThanOrEqual(few + 2);
      // Redis trims streams in steps of its nodes.
      expect(await client.xlen(`${queue}:events`)).toBeLessThan(400);
      client.disconnect();
    });

    test('the mailbox of a submitter that has died does not stay', async () => {
      const client = new Redis((site.server.address as { redis: string }).redis);
      await site.machine();
      const cluster = site.cluster();
      await cluster.submit(work.double, [1]);
      await client.xadd(`bull:${site.name}.mail:dead`, '*', 'm', 'x');
      const keys = await client.keys(`bull:${site.name}.mail:*`);
      // A machine gives it time after it has written into it.
      for (const key of keys.filter((each) => !each.endsWith(':dead')))
        await expect.poll(() => client.pttl(key)).toBeGreaterThan(0);
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
        // The machine tells so a little before the engine knows.
        const active = "SELECT FROM bullmq.job WHERE state = 'active'";
        await expect.poll(async () => (await client.query(active)).rowCount).toBe(0);
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
