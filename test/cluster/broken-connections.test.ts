import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { expect, test } from 'vitest';
import { onEachEngine, type Site, work } from '../support/cluster.js';
import { range } from '../support/range.js';
import { freshFiles, linesOf } from '../support/written-lines.js';

const few = { lockDuration: 1_000 };
/** Locks that outlast the time in which no machine is connected for long. */
const long = { lockDuration: 2_500 };
const fresh = freshFiles('cluster');

async function postgresOf(site: Site): Promise<pg.Client> {
  const client = new pg.Client((site.server.address as { postgres: string }).postgres);
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** Breaks all connections to the engine, of everybody. */
async function breakerOf(site: Site): Promise<{ breakAll(): Promise<unknown>; end(): Promise<unknown> }> {
  const { address } = site.server;
  if ('redis' in address) {
    const client = new Redis(address.redis);
    return {
      breakAll: () => client.client('KILL', 'TYPE', 'NORMAL', 'SKIPME', 'YES'),
      end: () => client.quit(),
    };
  }
  const client = await postgresOf(site);
  const others = "pid <> pg_backend_pid() AND backend_type = 'client backend'";
  return {
    breakAll: () => client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${others}`),
    end: () => client.end(),
  };
}

const ROUNDS = 15;
const PER_ROUND = 40;
const wanted = range(0, ROUNDS * PER_ROUND).map(String);

/** Runs requests while connections break. @returns how each request ended, and the lines that they wrote */
async function attack(site: Site, retries: number): Promise<{ ends: unknown[]; lines: string[] }> {
  await Promise.all([site.process(long), site.process(long)]);
  const cluster = site.cluster({ ...long, retries });
  const { breakAll, end } = await breakerOf(site);
  const file = fresh();
  const ends: Promise<unknown>[] = [];
  for (const round of range(0, ROUNDS)) {
    for (const line of wanted.slice(round * PER_ROUND, (round + 1) * PER_ROUND))
      ends.push(cluster.submit(work.note, [file, line]).catch((error) => error.code));
    for (const _ of range(0, 2)) {
      await sleep(10 + ((37 * round) % 25));
      await breakAll();
    }
  }
  const ended = await Promise.all(ends);
  await sleep(2 * long.lockDuration);
  await end();
  return { ends: ended, lines: linesOf(file) };
}

onEachEngine((site) => {
  test('connections break again and again, from the start: each request settles, and runs once', async () => {
    const { ends, lines } = await attack(site, 2);
    expect(ends).toEqual(wanted);
    expect(lines.sort()).toEqual(wanted.sort());
  }, 120_000);

  test('… with retries: 0 none runs twice', async () => {
    const { ends, lines } = await attack(site, 0);
    const others = ends.filter((end, i) => end !== wanted[i] && end !== 'ERR_MACHINE_LOST');
    expect(others).toEqual([]);
    expect(new Set(lines).size).toBe(lines.length);
  }, 120_000);
});

onEachEngine(
  (site) => {
    test('the connections break by which a job is completed: it does not run again', async () => {
      await site.machine(few);
      const cluster = site.cluster(few);
      await cluster.submit(work.add, [1, 2]);
      const client = await postgresOf(site);
      // The first three times.
      await client.query(`
        CREATE SEQUENCE bullmq.cuts;
        CREATE FUNCTION bullmq.cut() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF nextval('bullmq.cuts') <= 3 THEN
            PERFORM pg_terminate_backend(pg_backend_pid());
            PERFORM pg_sleep(1);
          END IF;
          RETURN NEW;
        END;
        $$;
        CREATE TRIGGER cut BEFORE UPDATE ON bullmq.job FOR EACH ROW
          WHEN (NEW.state IN ('completed', 'failed') AND NEW.name = 'work/note') EXECUTE FUNCTION bullmq.cut();
      `);
      const file = fresh();
      expect(await cluster.submit(work.note, [file, 'line'])).toBe('line');
      await sleep(3 * few.lockDuration);
      expect(linesOf(file)).toEqual(['line']);
      const { rows } = await client.query("SELECT nextval('bullmq.cuts')::int AS next");
      expect(rows[0].next).toBe(5);
      const left = await client.query("SELECT state FROM bullmq.job WHERE name = 'work/note'");
      expect(left.rows).toEqual([]);
      await client.end();
    });

    test('a reply is taken by a command whose answer is lost: its request waits for it, and does not run again', async () => {
      await site.machine(few);
      const cluster = site.cluster(few);
      await cluster.submit(work.add, [1, 2]);
      const client = await postgresOf(site);
      // As if somebody had taken the reply, and had it for longer than anybody looks for it.
      await client.query(`
        CREATE FUNCTION bullmq.take() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          NEW.state := 'active';
          NEW.lock_token := 'another';
          NEW.locked_until_ms := extract(epoch FROM clock_timestamp()) * 1000 + 8000;
          RETURN NEW;
        END;
        $$;
        CREATE TRIGGER take BEFORE INSERT ON bullmq.job FOR EACH ROW
          WHEN (NEW.name = 'mail' AND NEW.data::text LIKE '%taken%') EXECUTE FUNCTION bullmq.take();
      `);
      const file = fresh();
      expect(await cluster.submit(work.note, [file, 'taken'])).toBe('taken');
      expect(linesOf(file)).toEqual(['taken']);
      await client.end();
    });
  },
  ['postgres'],
);
