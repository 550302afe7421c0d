import { existsSync } from 'node:fs';
import path from 'node:path';
import { type Job, Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, expect, test } from 'vitest';
import { onEachEngine, work } from '../support/cluster.js';
import { collect } from '../support/collect.js';
import { scratch } from '../support/scratch.js';

const folder = scratch('cluster');
const bystander = new URL('../fixtures/cluster/bystander.mjs', import.meta.url).href;

const good = { v: 1, from: 'me', args: '[1,2]', retries: 0 };

onEachEngine(
  (site) => {
    let queue: Queue;
    let client: Redis;
    afterEach(async () => {
      await queue.close();
      client.disconnect();
    });

    const open = (): void => {
      const { redis } = site.server.address as { redis: string };
      client = new Redis(redis, { maxRetriesPerRequest: null });
      queue = new Queue(`${site.name}.work`, { connection: client });
    };

    test('jobs that others have written fail, and the machine goes on', async () => {
      const machine = await site.machine();
      open();
      const failed: string[] = [];
      machine.on('job', ({ outcome, error }) => outcome === 'rejected' && failed.push(String(error)));
      const jobs = [
        null,
        'text',
        [1],
        {},
        { ...good, v: 2 },
        { ...good, from: '../../key' },
        { ...good, from: 7 },
        { ...good, args: [1, 2] },
        { ...good, args: 'no JSON' },
        { ...good, args: '{"$":["Map",[]]}' },
        { ...good, args: '[{"$":["Function","return process"]}]' },
        { ...good, chunk: 'yes' },
        { ...good, timeout: -1 },
        { ...good, timeout: 'x' },
        { ...good, retries: 1.5 },
        { ...good, retries: '__proto__' },
        { ...good, context: { a: 1 } },
      ];
      await queue.addBulk(jobs.map((data) => ({ name: 'work/add', data })));
      const cluster = site.cluster();
      expect(await cluster.submit(work.add, [1, 2], { priority: -10 })).toBe(3);
      await expect.poll(() => failed.length).toBe(jobs.length);
      for (const error of failed) expect(error).toMatch(/^MalformedMessageError: /);
      // The machine tells so a little before the engine knows.
      await expect.poll(() => queue.getFailedCount()).toBe(jobs.length);
    });

    /** A request that no machine has taken. */
    const untaken = async (): Promise<[key: string, result: Promise<number>]> => {
      open();
      const result = site.cluster({ lockDuration: 1_000 }).submit(work.add, [1, 2]);
      result.catch(() => {});
      await expect.poll(async () => (await queue.getJobs()).length).toBe(1);
      const [job] = await queue.getJobs();
      return [queue.toKey(String(job?.id)), result];
    };

    test.for(['data', 'opts', 'parent', 'progress'])(
      'a job that cannot be read, since another program has written into its %s, is thrown away, and sent again',
      async (field) => {
        const [key, result] = await untaken();
        await client.hset(key, field, '{no JSON');
        const machine = await site.machine({ lockDuration: 1_000 });
        const told: string[] = [];
        machine.on('engineError', ({ message }) => told.push(message));
        // What comes meanwhile is served.
        const cluster = site.cluster({ lockDuration: 1_000 });
        expect(await cluster.submit(work.add, [2, 2])).toBe(4);
        expect(await result).toBe(3);
        const id = key.slice(key.lastIndexOf(':') + 1);
        expect(told).toContainEqual(expect.stringContaining(`the job '${id}' of the queue '${queue.name}'`));
        expect(machine.stats().jobs.rejected).toBe(0);
        await expect.poll(() => client.exists(key)).toBe(0);
        await expect.poll(() => queue.getActiveCount()).toBe(0);
      },
    );

    test('a job that cannot be read, and is not to run again, is lost', async () => {
      open();
      const result = site.cluster({ lockDuration: 1_000 }).submit(work.add, [1, 2], { retries: 0 });
      result.catch(() => {});
      await expect.poll(async () => (await queue.getJobs()).length).toBe(1);
      const [job] = await queue.getJobs();
      await client.hset(queue.toKey(String(job?.id)), 'data', 'no JSON');
      await site.machine({ lockDuration: 1_000 });
      await expect(result).rejects.toMatchObject({ code: 'ERR_MACHINE_LOST' });
    });

    test('what another program has made of a job that can be read is told to its submitter at once', async () => {
      const [key, result] = await untaken();
      const data = JSON.parse((await client.hget(key, 'data')) as string);
      await client.hset(key, 'data', JSON.stringify({ ...data, retries: 'many' }));
      const machine = await site.machine({ lockDuration: 60_000 });
      await expect(result).rejects.toMatchObject({
        code: 'ERR_MALFORMED_MESSAGE',
        message: expect.stringContaining("'retries'"),
      });
      // The submitter may hear of it first.
      await expect.poll(() => machine.stats().jobs.rejected).toBe(1);
    });

    test.for(['work/missing', 'work/double'])(
      'a job that another program has called %s is told to its submitter at once, and not run',
      async (name) => {
        const [key, result] = await untaken();
        await client.hset(key, 'name', name);
        const machine = await site.machine({ lockDuration: 60_000 });
        await expect(result).rejects.toMatchObject({
          code: 'ERR_MALFORMED_MESSAGE',
          message: expect.stringContaining(`'${name}', and was sent as 'work/add'`),
        });
        await expect.poll(() => machine.stats().jobs.rejected).toBe(1);
      },
    );

    test('no name makes a machine run, or load, what it has not declared', async () => {
      const loaded = path.join(folder, 'loaded');
      process.env.BYSTANDER = loaded;
      const machine = await site.machine();
      delete process.env.BYSTANDER;
      open();
      const names = [
        `${bystander}/run`,
        'bystander/run',
        'work/../bystander/run',
        'work',
        'work/',
        'work/constructor',
        'work/add/constructor',
        'work/add/bind',
        'work/__proto__',
        'work/nested/constructor/constructor',
        'work/nested/__proto__/toString',
        'work/NotATask',
        'work/getter/throws',
        'constructor',
        '__proto__',
      ];
      /** What became of each the first time. */
      const outcomes = new Map<string, string>();
      machine.on('job', ({ task, outcome }) => {
        if (!outcomes.has(task)) outcomes.set(task, outcome);
      });
      await queue.addBulk(names.map((name) => ({ name, data: good })));
      await expect.poll(() => outcomes.size).toBe(names.length);
      expect(new Set(outcomes.values())).toEqual(new Set(['left']));
      expect(existsSync(loaded)).toBe(false);
      // They wait for a machine that serves them, and come back here now and then, until it is seen that their
      // submitter is gone.
      expect(await queue.getJobCountByTypes('delayed', 'prioritized', 'waiting', 'active')).toBe(
        names.length,
      );
    });

    test('a job that nobody serves is thrown away when its submitter is gone, and stays while it is there', async () => {
      const machine = await site.machine();
      open();
      const cluster = site.cluster({ machineTimeout: Number.POSITIVE_INFINITY });
      const waiting = cluster.submit(work.missing);
      waiting.catch(() => {});
      await queue.add('work/missing', { ...good, from: 'nobody' }, { jobId: 'orphan' });
      const over: [string, string][] = [];
      machine.on('job', ({ id, outcome }) => over.push([id, outcome]));
      const left = (isOrphan: boolean): number =>
        over.filter(([id, outcome]) => (id === 'orphan') === isOrphan && outcome === 'left').length;
      await expect.poll(() => left(true) > 0 && left(false) > 0).toBe(true);
      // As if they had gone round for long.
      for (const { id } of await queue.getJobs())
        await client.hset(`bull:${site.name}.work:${id}`, 'ats', 30);
      await expect.poll(() => over).toContainEqual(['orphan', 'cancelled']);
      // The machine tells so a little before the engine knows.
      await expect.poll(() => queue.getJobState('orphan')).toBe('unknown');
      const before = left(false);
      await expect.poll(() => left(false)).toBeGreaterThan(before + 1);
      expect(cluster.stats().pending).toBe(1);
    });

    test('a reply of another kind to a chunk ends its items', async () => {
      open();
      const outcomes = collect(site.cluster().mapSettled([1, 2], work.double, { batch: 2 }));
      await expect.poll(async () => (await queue.getJobs()).length).toBe(1);
      const [job] = (await queue.getJobs()) as [Job<{ from: string }>];
      const reply = JSON.stringify({ t: 'value', id: job.id, value: '1' });
      await client.xadd(`bull:${site.name}.mail:${job.data.from}`, '*', 'm', reply);
      const rejected = { status: 'rejected', reason: { code: 'ERR_ENGINE' } };
      expect(await outcomes).toMatchObject([rejected, rejected]);
    });

    test('messages that others have written are ignored, and told', async () => {
      const machine = await site.machine();
      open();
      const told: string[] = [];
      machine.on('engineError', ({ message }) => told.push(message));
      const cluster = site.cluster();
      await cluster.submit(work.add, [1, 2]);
      const keys = await client.keys(`bull:${site.name}.mail:*`);
      // The submitter's has been read and is empty; so only the machine's name is known.
      const mailbox = `bull:${site.name}.mail:${machine.id}`;
      for (const text of [
        'no JSON',
        '{}',
        '{"t":"cancel"}',
        '{"t":"what","id":"1"}',
        '{"t":"value","id":"x","value":"1"}',
      ])
        await client.xadd(mailbox, '*', 'm', text);
      expect(await cluster.submit(work.add, [2, 2])).toBe(4);
      await expect.poll(() => told.length).toBe(4);
      expect(keys.length).toBeLessThanOrEqual(2);
    });
  },
  ['redis'],
);
