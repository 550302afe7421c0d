import { Redis } from 'ioredis';
import { Cluster, type EngineOptions, serve } from 'leastwork/cluster';
import { Pool } from 'pg';
import { afterAll, expect, test } from 'vitest';
import { onEachEngine, work, workUrl } from '../support/cluster.js';

type Form = (url: URL) => EngineOptions;

const opened: { readonly close: () => Promise<unknown> }[] = [];
afterAll(() => Promise.all(opened.map(({ close }) => close())));

const ofRedis: Record<string, Form> = {
  'a text': (url) => ({ redis: url.href }),
  'a URL': (url) => ({ redis: url }),
  'a text with a database': (url) => ({ redis: new URL('/2', url).href }),
  "Valkey's own scheme": (url) => ({ redis: url.href.replace('redis:', 'valkey:') }),
  "a URL of Valkey's own scheme, with a database": (url) => ({
    redis: new URL(`${url.href.replace('redis:', 'valkey:')}/3`),
  }),
  options: ({ hostname, port }) => ({ redis: { host: hostname, port: Number(port) } }),
  'a client': (url) => {
    const client = new Redis(url.href, { lazyConnect: true });
    opened.push({ close: async () => client.disconnect() });
    return { redis: client };
  },
};

const ofPostgres: Record<string, Form> = {
  'a text': (url) => ({ postgres: url.href }),
  'a URL': (url) => ({ postgres: url }),
  "the scheme's long form": (url) => ({ postgres: url.href.replace('postgres:', 'postgresql:') }),
  options: ({ hostname, port, username, pathname }) => ({
    postgres: { host: hostname, port: Number(port), user: username, database: pathname.slice(1) },
  }),
  'a pool': (url) => {
    const pool = new Pool({ connectionString: url.href, options: '-c search_path=bullmq' });
    opened.push({ close: () => pool.end() });
    return { postgres: pool };
  },
};

for (const [kind, forms] of Object.entries({ redis: ofRedis, postgres: ofPostgres }))
  onEachEngine(
    (site) => {
      for (const [what, form] of Object.entries(forms))
        test(`${what} leads to the engine`, async () => {
          const [address] = Object.values(site.server.address);
          const given = { ...form(new URL(address as string)), name: site.name };
          const machine = await serve([workUrl], { ...given, balancer: { workers: 1 } });
          const cluster = new Cluster(given);
          try {
            expect(await cluster.submit(work.add, [1, 2])).toBe(3);
          } finally {
            await cluster.close({ timeout: 0 });
            await machine.close({ timeout: 0 });
          }
          // One of the program's own goes on without us.
          if (given.postgres instanceof Pool) expect(given.postgres.listenerCount('connect')).toBe(0);
        });
    },
    [kind as 'redis' | 'postgres'],
  );
