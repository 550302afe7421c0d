/** A pool of the program's own: it is used as it is, and nothing of a Cluster stays with it. */
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { Cluster, serve } from 'leastwork/cluster';
import { Pool } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { onEachEngine, work, workUrl } from '../support/cluster.js';

const long = { timeout: 20_000 };

onEachEngine(
  (site) => {
    const open = (max: number): Pool => {
      const { postgres } = site.server.address as { postgres: string };
      const pool = new Pool({ connectionString: postgres, max, options: '-c search_path=bullmq' });
      onTestFinished(() => pool.end());
      return pool;
    };

    test('one listener stays with it after close, and few are there before', async () => {
      // Makes the tables.
      await site.machine();
      const pool = open(20);
      const listeners = () => ['error', 'connect', 'remove'].map((name) => pool.listenerCount(name));
      const options = { postgres: pool, name: site.name };
      const machine = await serve([workUrl], { ...options, balancer: { workers: 1 } });
      const clusters = [new Cluster(options), new Cluster(options)];
      const results = await Promise.all(clusters.map((cluster) => cluster.submit(work.add, [1, 2])));
      expect(results).toEqual([3, 3]);
      // One for each of the three, and one so that a connection that breaks later does not end the process.
      expect(listeners()).toEqual([4, 3, 0]);
      await Promise.all([...clusters, machine].map((each) => each.close()));
      expect(listeners()).toEqual([1, 0, 0]);
      // What takes longer than half a second is not waited for.
      await expect.poll(() => pool.waitingCount + pool.totalCount - pool.idleCount).toBe(0);
    });

    test('what is written of a new queue is written before close is done', async () => {
      await site.machine();
      const pool = open(20);
      const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<unknown>;
      let writing = 0;
      let written = 0;
      pool.query = (async (...args: unknown[]) => {
        const isMeta = String(args[0]).includes('INSERT INTO meta');
        if (!isMeta) return query(...args);
        writing++;
        await setTimeout(300);
        const result = await query(...args);
        writing--;
        written++;
        return result;
      }) as typeof pool.query;
      const cluster = new Cluster({ postgres: pool, name: site.name });
      await expect(cluster.submit(work.add, [1, 2])).resolves.toBe(3);
      await cluster.close();
      expect(written).toBeGreaterThan(0);
      expect(writing).toBe(0);
    });

    test('one that has no connection left for queries is refused', async () => {
      const postgres = open(2);
      await expect(serve([workUrl], { postgres, balancer: { workers: 1 } })).rejects.toMatchObject({
        code: 'ERR_INVALID_OPTION',
        message: expect.stringContaining('a pool of 2 connections, expected one of more than 2'),
      });
      const one = open(1);
      expect(() => new Cluster({ postgres: one })).toThrow('a pool of 1 connections');
      expect(one.listenerCount('error')).toBe(0);
    });

    test('a machine that gets none, since others have them all, gives up and ends', async () => {
      await site.machine();
      const pool = open(4);
      const taken = await Promise.all([1, 2, 3].map(() => pool.connect()));
      try {
        const options = { postgres: pool, name: site.name, engineTimeout: 1_000, balancer: { workers: 1 } };
        await expect(serve([workUrl], options)).rejects.toMatchObject({ code: 'ERR_ENGINE' });
      } finally {
        for (const client of taken) client.release();
      }
    });

    test('one whose pool is exhausted by others later says so, and goes on when there is room', async () => {
      await site.machine();
      const pool = open(4);
      const options = { name: site.name, lockDuration: 500, engineTimeout: 600 };
      await using machine = await serve([workUrl], { ...options, postgres: pool, balancer: { workers: 1 } });
      // Two are its workers'.
      const taken = await Promise.all([pool.connect(), pool.connect()]);
      const told: string[] = [];
      machine.on('engineError', ({ message }) => told.push(message));
      const back = once(machine, 'engineBack');
      try {
        await expect.poll(() => told.length, long).toBeGreaterThan(1);
        const why = 'the engine does not answer: all 4 connections of the pool are in use';
        expect(new Set(told)).toEqual(new Set([why]));
        expect(machine.stats().connected).toBe(false);
      } finally {
        for (const client of taken) client.release();
      }
      await back;
      expect(machine.stats().connected).toBe(true);
      const cluster = site.cluster({ ...options, engineTimeout: 60_000 });
      await expect(cluster.submit(work.add, [1, 2])).resolves.toBe(3);
    });
  },
  ['postgres'],
);
