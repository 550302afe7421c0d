/** What another program has written over: every request ends, and its error says what was found. */
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, expect, test } from 'vitest';
import { onEachEngine, work } from '../support/cluster.js';
import { scratch } from '../support/scratch.js';

const lockDuration = 500;
const few = { lockDuration };
const folder = scratch('written-over-');

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

    /** The key of the only job there is. */
    const keyOfJob = async (): Promise<string> => {
      await expect.poll(async () => (await queue.getJobs()).length).toBe(1);
      const [job] = await queue.getJobs();
      return queue.toKey(String(job?.id));
    };

    const writeOver = (key: string) => client.pipeline().del(key).lpush(key, 'another').exec();

    test('a job in whose place there is another key is sent again, and told', async () => {
      open();
      const cluster = site.cluster(few);
      const told: string[] = [];
      cluster.on('engineError', ({ message }) => told.push(message));
      const result = cluster.submit(work.add, [1, 2]);
      const key = await keyOfJob();
      await writeOver(key);
      await site.machine(few);
      // What comes meanwhile is served.
      expect(await cluster.submit(work.add, [2, 2])).toBe(4);
      expect(await result).toBe(3);
      expect(told).toContainEqual(expect.stringContaining(`the key '${key}' was of the type 'list'`));
      await expect.poll(() => client.exists(key)).toBe(0);
      await expect.poll(() => queue.getActiveCount()).toBe(0);
    });

    test('one that is not to run again is lost, with what was found as its cause', async () => {
      open();
      const result = site.cluster(few).submit(work.add, [1, 2], { retries: 0 });
      result.catch(() => {});
      await writeOver(await keyOfJob());
      await site.machine(few);
      await expect(result).rejects.toMatchObject({
        code: 'ERR_MACHINE_LOST',
        cause: { code: 'ERR_MALFORMED_MESSAGE', message: expect.stringContaining("'list'") },
      });
    });

    test('a job that the engine can give to no machine, since a field is no number, is thrown away', async () => {
      open();
      const result = site.cluster(few).submit(work.add, [1, 2]);
      await client.hset(await keyOfJob(), 'ats', 'many');
      const machine = await site.machine(few);
      const told: string[] = [];
      machine.on('engineError', ({ message }) => told.push(message));
      expect(await result).toBe(3);
      expect(told).toContainEqual(expect.stringContaining('has come back 5 times'));
    });

    test.for(['lock', 'stalled-check'])(
      'a %s that was copied without its time does not keep a lost job from running again',
      async (name) => {
        open();
        const [file, gate] = [path.join(folder, name), path.join(folder, `${name}.gate`)];
        const first = await site.process(few);
        const result = site.cluster(few).submit(work.noteAndWait, [file, 'line', gate]);
        await expect.poll(() => existsSync(file)).toBe(true);
        const job = await keyOfJob();
        first.kill('SIGKILL');
        await first.ended;
        await client.set(name === 'lock' ? `${job}:lock` : queue.toKey(name), 'copied');
        writeFileSync(gate, '');
        await site.machine(few);
        expect(await result).toBe('line');
      },
    );

    test('the set by which lost jobs are found begins anew', async () => {
      open();
      const [file, gate] = [path.join(folder, 'set'), path.join(folder, 'set.gate')];
      const first = await site.process(few);
      const result = site.cluster(few).submit(work.noteAndWait, [file, 'line', gate]);
      await expect.poll(() => existsSync(file)).toBe(true);
      first.kill('SIGKILL');
      await first.ended;
      await writeOver(queue.toKey('stalled'));
      writeFileSync(gate, '');
      await site.machine(few);
      expect(await result).toBe('line');
      expect(await client.type(queue.toKey('stalled'))).not.toBe('list');
      await expect.poll(() => queue.getActiveCount()).toBe(0);
    });

    test.for(['meta', 'events', 'marker'])(
      'where the engine refuses all jobs, since its key for %s is another one, whoever waits is told so',
      async (name) => {
        open();
        await site.machine(few);
        // Until the key is written over, nothing is taken.
        await queue.pause();
        const result = site.cluster({ ...few, machineTimeout: 1_000 }).submit(work.add, [1, 2]);
        result.catch(() => {});
        await keyOfJob();
        await writeOver(queue.toKey(name));
        if (name !== 'meta') await client.hdel(queue.toKey('meta'), 'paused');
        if (name !== 'marker') await client.zadd(queue.toKey('marker'), 0, '0');
        await expect(result).rejects.toMatchObject({
          code: 'ERR_NO_MACHINE',
          message: expect.stringMatching(/refuses to give jobs to some: .*WRONGTYPE/),
        });
        await client.del(queue.toKey(name));
        expect(await site.cluster(few).submit(work.add, [2, 2])).toBe(4);
      },
    );

    test('a request of which the engine does not tell what has become is rejected with why, and no other one', async () => {
      open();
      const cluster = site.cluster({ ...few, engineTimeout: 1_500 });
      const result = cluster.submit(work.add, [1, 2]);
      result.catch(() => {});
      await keyOfJob();
      await writeOver(queue.toKey('completed'));
      await expect(result).rejects.toMatchObject({
        code: 'ERR_ENGINE',
        message: expect.stringContaining('WRONGTYPE'),
        cause: expect.any(Error),
      });
      await client.del(queue.toKey('completed'));
      await site.machine(few);
      expect(await cluster.submit(work.add, [2, 2])).toBe(4);
    });

    test('entries of the directory that are written over are made anew, and nobody stumbles over them', async () => {
      open();
      const machine = await site.machine(few);
      const cluster = site.cluster(few);
      expect(await cluster.submit(work.add, [1, 2])).toBe(3);
      const [own] = await client.keys(`bull:${site.name}.submitters:*.*`);
      const entries = [
        `bull:${site.name}.directory:${machine.id}`,
        ...(await client.keys(`bull:${site.name}.submitters:${own?.split(':')[2] ?? 'none'}`)),
      ];
      for (const key of entries) await writeOver(key);
      for (const key of entries) await expect.poll(() => client.type(key)).toBe('hash');
      expect(await cluster.submit(work.add, [2, 2])).toBe(4);
      await expect.poll(() => cluster.stats().machines.map(({ id }) => id)).toEqual([machine.id]);
    });
  },
  ['redis'],
);
