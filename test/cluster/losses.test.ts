import path from 'node:path';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import type { JobReport } from 'leastwork/cluster';
import { expect, test } from 'vitest';
import { onEachEngine, type Site, work } from '../support/cluster.js';
import { collect } from '../support/collect.js';
import { isAlive } from '../support/is-alive.js';
import { range } from '../support/range.js';
import { scratch } from '../support/scratch.js';
import { freshFiles, linesOf } from '../support/written-lines.js';

/** Locks that run out soon, and a process that is not late by as much. */
const lockDuration = 1_000;
const few = { lockDuration };

/** Jobs that a machine of one thread has at a time, while they are short. */
const MOST_HELD = 33;

const folder = scratch('cluster');
const fresh = freshFiles('cluster');

const machines = (site: Site, count: number) => Promise.all(range(0, count).map(() => site.process(few)));

onEachEngine((site) => {
  test('machines are killed: every request settles, few run twice, and none with retries: 0', async () => {
    const all = await machines(site, 3);
    const cluster = site.cluster(few);
    const file = fresh();
    const results = Promise.all(range(0, 60).map((n) => cluster.submit(work.note, [file, String(n)])));
    // The machine of a request is killed: it runs again, elsewhere.
    const survived = cluster.submit(work.kill, [fresh()]);
    expect(await results).toEqual(range(0, 60).map(String));
    expect(await survived).toBe('survived');
    const alive = () => all.filter(({ pid }) => isAlive(pid)).length;
    await expect.poll(alive).toBe(2);
    // What the one machine had at that time.
    expect(linesOf(file).length).toBeLessThanOrEqual(60 + MOST_HELD);
    const once = fresh();
    await expect(cluster.submit(work.kill, [once], { retries: 0 })).rejects.toMatchObject({
      name: 'MachineLostError',
      code: 'ERR_MACHINE_LOST',
      taskName: 'work/kill',
      losses: 1,
    });
    expect(await cluster.submit(work.add, [1, 2])).toBe(3);
    await expect.poll(alive).toBe(1);
  });
});

onEachEngine(
  (site) => {
    test('a request that kills its machines is given up after three', async () => {
      const four = await machines(site, 4);
      const cluster = site.cluster({ ...few, retries: 10 });
      await expect(cluster.submit(work.kill)).rejects.toMatchObject({ code: 'ERR_MACHINE_LOST', losses: 3 });
      const alive = () => four.flatMap(({ pid }) => (isAlive(pid) ? [pid] : []));
      await expect.poll(() => alive().length).toBe(1);
      expect([await cluster.submit(work.pid)]).toEqual(alive());
    });

    test('an item of a map that kills its machines fails alone, whatever runs beside it', async () => {
      await machines(site, 4);
      const cluster = site.cluster(few);
      const items = range(0, 200).map((n) => ({ n, kills: n === 30 }));
      const beside = Promise.all(range(0, 40).map((n) => cluster.submit(work.double, [n])));
      const outcomes = await collect(cluster.mapSettled(items, work.killIf, { batch: 50 }));
      expect(outcomes.flatMap(({ status, index }) => (status === 'rejected' ? [index] : []))).toEqual([30]);
      expect(outcomes[30]).toMatchObject({ reason: { code: 'ERR_MACHINE_LOST', losses: 3 } });
      expect(await beside).toEqual(range(0, 40).map((n) => 2 * n));
    });

    test('jobs that come together on their last run are not lost with one that ends its machine', async () => {
      const { redis } = site.server.address as { redis: string };
      const client = new Redis(redis, { maxRetriesPerRequest: null });
      const queue = new Queue(`${site.name}.work`, { connection: client });
      const file = fresh();
      try {
        const data = { v: 1, from: 'me', retries: 10, losses: 2 };
        const note = (n: number) => ({ ...data, args: JSON.stringify([file, String(n)]) });
        const [first] = await machines(site, 1);
        await queue.addBulk([
          { name: 'work/kill', data: { ...data, args: '[]' } },
          ...range(0, 4).map((n) => ({ name: 'work/note', data: note(n) })),
        ]);
        await first?.ended;
        await site.machine(few);
        await expect.poll(() => linesOf(file).sort()).toEqual(range(0, 4).map(String));
      } finally {
        await queue.close();
        client.disconnect();
      }
    });

    test('a chunk that was lost with its machine is reported as what it was, and not as a failure', async () => {
      const [first] = await machines(site, 1);
      const cluster = site.cluster(few);
      const items = range(0, 4).map((n) => ({ n, kills: n === 0, once: path.join(folder, 'once') }));
      const results = collect(cluster.mapSettled(items, work.killIf, { batch: 4 }));
      await first?.ended;
      const reports: JobReport[] = [];
      const machine = await site.machine(few);
      machine.on('job', (report) => reports.push(report));
      expect((await results).map(({ status }) => status)).toEqual(range(0, 4).map(() => 'fulfilled'));
      expect(reports.filter(({ outcome }) => outcome === 'lost')).toMatchObject([{ items: 4, failures: 0 }]);
    });
  },
  ['redis'],
);
