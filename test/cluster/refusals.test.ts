import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Machine } from 'leastwork/cluster';
import pg from 'pg';
import { expect, test } from 'vitest';
import { onEachEngine, work } from '../support/cluster.js';
import { range } from '../support/range.js';
import { redisClient } from '../support/redis-client.js';
import { watchCommands } from '../support/redis-commands.js';
import { scratch } from '../support/scratch.js';

/** Jobs that are gone without a reply are noticed soon. */
const few = { lockDuration: 500 };
const folder = scratch('refusals');
let files = 0;
const fresh = (): string => path.join(folder, String(++files));

onEachEngine(
  (site) => {
    const client = redisClient(site);

    /** Errors that the machine tells. */
    const errorsOf = (machine: Machine): string[] => {
      const told: string[] = [];
      machine.on('engineError', ({ message }) => told.push(message));
      return told;
    };

    /** Resolves when a task has begun, which ends when `end` is called. */
    const begin = async (retries = 0, options = few) => {
      const cluster = site.cluster(options);
      const [file, gate] = [fresh(), fresh()];
      const result = cluster.submit(work.noteAndWait, [file, 'line', gate], { retries });
      result.catch(() => {});
      await expect.poll(() => existsSync(file)).toBe(true);
      return { result, file, end: () => writeFileSync(gate, '') };
    };

    for (const [what, refuse, allow, message] of [
      [
        'has no memory left',
        () => client().config('SET', 'maxmemory', '1'),
        () => client().config('SET', 'maxmemory', '0'),
        /^OOM /,
      ],
      [
        'has become a replica',
        () => client().replicaof('127.0.0.1', 1),
        () => client().replicaof('NO', 'ONE'),
        /^READONLY /,
      ],
      [
        'cannot tell enough replicas',
        () => client().config('SET', 'min-replicas-to-write', '1'),
        () => client().config('SET', 'min-replicas-to-write', '0'),
        /^NOREPLICAS /,
      ],
    ] as const) {
      test(`a reply is sent again while the engine ${what}, and nothing runs twice`, async () => {
        const machine = await site.machine(few);
        const told = errorsOf(machine);
        const { result, file, end } = await begin();
        await refuse();
        end();
        await expect.poll(() => told.filter((each) => message.test(each)).length).toBeGreaterThan(3);
        await allow();
        expect(await result).toBe('line');
        expect(readFileSync(file, 'utf8')).toBe('line\n');
        expect(await site.cluster(few).submit(work.double, [4])).toBe(8);
      });
    }

    test('a job that the engine takes for lost while it refuses the reply is neither lost nor run again', async () => {
      const machine = await site.machine(few);
      const told = errorsOf(machine);
      const { result, file, end } = await begin();
      const queue = `bull:${site.name}.work`;
      await client().config('SET', 'min-replicas-to-write', '1');
      end();
      await expect
        .poll(() => told.filter((each) => each.startsWith('NOREPLICAS ')).length)
        .toBeGreaterThan(3);
      const [id] = (await client().lrange(`${queue}:active`, 0, -1)) as [string];
      // As its check for jobs without a lock does, before the reply is sent again.
      await client()
        .pipeline()
        .config('SET', 'min-replicas-to-write', '0')
        .lrem(`${queue}:active`, 1, id)
        .hincrby(`${queue}:${id}`, 'stc', 1)
        .lpush(`${queue}:wait`, id)
        .zadd(`${queue}:marker`, 0, '0')
        .exec();
      expect(await result).toBe('line');
      expect(readFileSync(file, 'utf8')).toBe('line\n');
      // It is over for the engine, too.
      await expect.poll(() => client().exists(`${queue}:${id}`)).toBe(0);
    });

    for (const [what, retries, pause] of [
      ['', 0, 0],
      [', though this process hardly runs, so that its locks run out', 2, 300],
    ] as const) {
      test(`… while it runs a script that does not end, and after it has forgotten all scripts${what}`, async () => {
        const machine = await site.machine(few);
        const told = errorsOf(machine);
        const { result, file, end } = await begin(retries);
        const other = client().duplicate();
        await other.ping();
        await client().script('FLUSH');
        await client().config('SET', 'busy-reply-threshold', '1');
        const busy = client()
          .eval('while true do end', 0)
          .catch((error: Error) => error.message);
        await expect.poll(() => other.ping().catch((error: Error) => error.message)).toMatch(/^BUSY /);
        end();
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
        await expect.poll(() => told.some((each) => /^BUSY /.test(each))).toBe(true);
        await other.script('KILL');
        expect(await busy).toMatch(/killed/i);
        expect(await result).toBe('line');
        // It is over for the engine, too, which may have taken it for lost. (BullMQ looks 5 s later, after an error.)
        if (retries > 0) await expect.poll(() => client().exists(`bull:${site.name}.work:active`)).toBe(0);
        expect(readFileSync(file, 'utf8')).toBe('line\n');
        other.disconnect();
      });
    }

    test('a job that comes back to the machine that runs it does not run a second time', async () => {
      await site.machine(few);
      const { result, file, end } = await begin();
      const queue = `bull:${site.name}.work`;
      const [id] = (await client().lrange(`${queue}:active`, 0, -1)) as [string];
      // As after a time in which no lock could be renewed.
      await client()
        .multi()
        .del(`${queue}:${id}:lock`)
        .lrem(`${queue}:active`, 1, id)
        .hincrby(`${queue}:${id}`, 'stc', 1)
        .lpush(`${queue}:wait`, id)
        .zadd(`${queue}:marker`, 0, '0')
        .exec();
      await expect.poll(async () => Number(await client().hget(`${queue}:${id}`, 'ats'))).toBeGreaterThan(1);
      end();
      expect(await result).toBe('line');
      expect(readFileSync(file, 'utf8')).toBe('line\n');
      await expect.poll(() => client().exists(`${queue}:${id}`)).toBe(0);
    });

    test('a job of which the engine has thrown away all but its id is sent again, unless it may not', async () => {
      const cluster = site.cluster(few);
      const queue = `bull:${site.name}.work`;
      const results = [cluster.submit(work.double, [2]), cluster.submit(work.double, [3], { retries: 0 })];
      const settled = Promise.allSettled(results);
      await expect.poll(() => client().zcard(`${queue}:prioritized`)).toBe(2);
      for (const id of await client().zrange(`${queue}:prioritized`, 0, -1))
        await client().del(`${queue}:${id}`);
      await site.machine(few);
      expect(await settled).toMatchObject([
        { value: 4 },
        { reason: { code: 'ERR_MACHINE_LOST', losses: 1, message: /engine lost its job/ } },
      ]);
      await expect.poll(() => client().keys(`${queue}:*.*`)).toEqual([]);
    });

    test('jobs of which the engine has thrown away the list alone are sent again, unless they may not', async () => {
      const cluster = site.cluster(few);
      const queue = `bull:${site.name}.work`;
      const file = fresh();
      const submit = (line: string, options: object) => cluster.submit(work.note, [file, line], options);
      const results = [
        submit('waiting', {}),
        submit('delayed', { delay: 100 }),
        submit('once', { retries: 0 }),
        submit('later', { delay: 60_000, retries: 0 }),
      ];
      const settled = Promise.allSettled(results);
      await expect.poll(() => client().keys(`${queue}:*.*`)).toHaveLength(4);
      await client().del(`${queue}:prioritized`, `${queue}:delayed`);
      await site.machine(few);
      const lost = { reason: { code: 'ERR_MACHINE_LOST', losses: 1, message: /engine lost its job/ } };
      expect(await settled).toMatchObject([{ value: 'waiting' }, { value: 'delayed' }, lost, lost]);
      expect(readFileSync(file, 'utf8').split('\n').sort()).toEqual(['', 'delayed', 'waiting']);
      await expect.poll(() => client().keys(`${queue}:*.*`)).toEqual([]);
    });

    /** Its promise resolves when a submitter has looked so often for what has become of a job. */
    const looks = async (count: number): Promise<{ readonly done: Promise<void> }> => {
      const { redis } = site.server.address as { redis: string };
      let left = count;
      let seen = (): void => {};
      const done = new Promise<void>((resolve) => {
        seen = resolve;
      });
      const end = await watchCommands(redis, (line) => {
        if (/"xadd" .*sync/i.test(line) && --left === 0) seen();
      });
      return { done: done.finally(end) };
    };

    test('a job that runs, and of which the engine has thrown away the list, is no loss', async () => {
      // Its lock tells that it runs.
      await site.machine();
      const { result, file, end } = await begin(0);
      // In the second look it would be lost.
      const looked = await looks(2);
      await client().del(`bull:${site.name}.work:active`);
      await looked.done;
      // (Time for what would follow.)
      expect(await Promise.race([result, sleep(200, 'runs')])).toBe('runs');
      end();
      expect(await result).toBe('line');
      expect(readFileSync(file, 'utf8')).toBe('line\n');
    });

    test('a reply that comes after its job was looked for in vain counts', async () => {
      await site.machine(few);
      // The second look, by which it would be lost, comes as much later.
      const { result, file, end } = await begin(0, { lockDuration: 2_000 });
      const looked = await looks(1);
      // As if the engine had taken the end of the job, and refused the reply.
      const [id] = await client().lrange(`bull:${site.name}.work:active`, 0, -1);
      await client()
        .multi()
        .lrem(`bull:${site.name}.work:active`, 1, id as string)
        .del(`bull:${site.name}.work:${id}`)
        .exec();
      await looked.done;
      end();
      expect(await result).toBe('line');
      expect(readFileSync(file, 'utf8')).toBe('line\n');
    });

    test('requests wait while the engine has no memory left, and are refused by name when that lasts', async () => {
      await client().config('SET', 'maxmemory', '1');
      const patient = site.cluster(few);
      const hasty = site.cluster({ ...few, engineTimeout: 1_500 });
      const waiting = Promise.all(range(0, 5).map((n) => patient.submit(work.double, [n])));
      await expect(hasty.submit(work.double, [1])).rejects.toMatchObject({
        code: 'ERR_ENGINE',
        message: expect.stringContaining('OOM command not allowed'),
      });
      await client().config('SET', 'maxmemory', '0');
      await site.machine(few);
      expect(await waiting).toEqual(range(0, 5).map((n) => 2 * n));
    });

    /** The engine has room for so many bytes more. */
    const leaveRoom = async (bytes: number): Promise<void> => {
      const used = Number(/used_memory:(\d+)/.exec(await client().info('memory'))?.[1]);
      await client().config('SET', 'maxmemory', String(used + bytes));
    };

    test('requests for which it has no room for long are rejected, also while it answers', async () => {
      const cluster = site.cluster({ ...few, engineTimeout: 1_500 });
      await expect.poll(() => cluster.stats().connected).toBe(true);
      await leaveRoom(3e6);
      const text = 'x'.repeat(300_000);
      const codes: unknown[] = [];
      for (const _ of range(0, 30)) cluster.submit(work.length, [text]).catch(({ code }) => codes.push(code));
      // Those that it has taken wait for a machine.
      await expect.poll(() => codes.length).toBeGreaterThan(10);
      expect(new Set(codes)).toEqual(new Set(['ERR_ENGINE']));
      await client().config('SET', 'maxmemory', '0');
    });

    test('what was added with a job that the engine refuses for good does not run', async () => {
      const cluster = site.cluster(few);
      await expect.poll(() => cluster.stats().connected).toBe(true);
      const queue = `bull:${site.name}.work`;
      const [mailbox] = (await client().keys(`bull:${site.name}.submitters:*`)).filter((key) =>
        /:[\w-]{12}$/.test(key),
      );
      const id = mailbox?.split(':').at(-1);
      await client().set(`${queue}:${id}.2`, 'of somebody else');
      const file = fresh();
      const results = await Promise.allSettled(
        range(0, 4).map((n) => cluster.submit(work.note, [file, String(n)])),
      );
      expect(results.map((each) => each.status === 'rejected' && each.reason.code)).toEqual(
        range(0, 4).map(() => 'ERR_ENGINE'),
      );
      await expect.poll(() => client().zcard(`${queue}:prioritized`)).toBe(0);
      await site.machine(few);
      await site.cluster(few).submit(work.add, [1, 1]);
      expect(existsSync(file)).toBe(false);
    });

    test('a machine that is refused the next job asks again after a pause', async () => {
      const machines = [await site.machine(few), await site.machine(few)];
      const told = machines.map(errorsOf);
      const cluster = site.cluster(few);
      const results = Promise.all(range(0, 300).map(() => cluster.submit(work.spin, [5])));
      await expect.poll(() => cluster.stats().completed, { interval: 10 }).toBeGreaterThan(20);
      await client().replicaof('127.0.0.1', 1);
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      await client().replicaof('NO', 'ONE');
      expect(await results).toEqual(range(0, 300).map(() => 5));
      expect(told.flat().filter((each) => each.startsWith('READONLY ')).length).toBeLessThan(250);
    });

    test('a machine takes no further jobs while its replies are refused', async () => {
      const machine = await site.machine(few);
      const told = errorsOf(machine);
      const { result, end } = await begin();
      const cluster = site.cluster(few);
      const file = fresh();
      const results = Promise.all(range(0, 60).map((n) => cluster.submit(work.note, [file, String(n)])));
      await expect.poll(() => client().zcard(`bull:${site.name}.work:prioritized`)).toBeGreaterThan(50);
      await client().config('SET', 'maxmemory', '1');
      end();
      await expect.poll(() => told.filter((each) => each.startsWith('OOM ')).length).toBeGreaterThan(5);
      expect(existsSync(file) ? readFileSync(file, 'utf8').split('\n').length : 0).toBeLessThan(10);
      await client().config('SET', 'maxmemory', '0');
      expect(await result).toBe('line');
      expect(await results).toEqual(range(0, 60).map(String));
    });
  },
  ['redis'],
);

onEachEngine(
  (site) => {
    test('jobs that somebody removes are sent again, unless they may not', async () => {
      const cluster = site.cluster(few);
      const results = [cluster.submit(work.double, [2]), cluster.submit(work.double, [3], { retries: 0 })];
      const settled = Promise.allSettled(results);
      const client = new pg.Client((site.server.address as { postgres: string }).postgres);
      await client.connect();
      try {
        const remove = () => client.query('DELETE FROM bullmq.job WHERE queue = $1', [`${site.name}.work`]);
        let removed = 0;
        await expect.poll(async () => (removed += (await remove()).rowCount ?? 0)).toBe(2);
        await site.machine(few);
        expect(await settled).toMatchObject([
          { value: 4 },
          { reason: { code: 'ERR_MACHINE_LOST', losses: 1, message: /engine lost its job/ } },
        ]);
      } finally {
        await client.end();
      }
    });
  },
  ['postgres'],
);
