import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, type EngineOptions, serve } from 'leastwork/cluster';
import { expect, test } from 'vitest';
import { onEachEngine, work, workUrl } from '../support/cluster.js';
import { collect } from '../support/collect.js';
import { redisClient } from '../support/redis-client.js';
import { scratch } from '../support/scratch.js';

const folder = scratch('rights');

onEachEngine(
  (site) => {
    const client = redisClient(site);

    /** A user of the engine with these rights. */
    const user = async (...rights: string[]): Promise<EngineOptions> => {
      await client().call('ACL', 'SETUSER', 'few', 'reset', 'on', '>secret', ...rights);
      const url = new URL((site.server.address as { redis: string }).redis);
      Object.assign(url, { username: 'few', password: 'secret' });
      return { redis: url.href, name: site.name, lockDuration: 500 };
    };

    for (const [what, rights] of [
      ['run scripts', ['~*', '&*', '+@all', '-@scripting']],
      ['use the keys of the cluster', ['~other:*', '&*', '+@all']],
      ['write', ['~*', '&*', '+@read', '+@connection', '+@scripting', '+info']],
      ['tell what version it is', ['~*', '&*', '+@all', '-info']],
      ['read a mailbox', ['~*', '&*', '+@all', '-xread']],
    ] as const)
      test(`a user who may not ${what}: no machine starts, and requests are refused`, async () => {
        const options = await user(...rights);
        const refusal = {
          name: 'EngineError',
          code: 'ERR_ENGINE',
          message: expect.stringMatching(/cannot be used: .*(?:NOPERM|can't run)/),
        };
        for (const share of [1, 0])
          await expect(
            serve([workUrl], { ...options, share, balancer: { workers: 1 } }),
          ).rejects.toMatchObject(refusal);
        const cluster = new Cluster(options);
        await expect(cluster.submit(work.double, [1])).rejects.toMatchObject(refusal);
        await cluster.close({ timeout: 0 });
      });

    test('few rights are enough', async () => {
      // So long that an engine that is not run for a second does not count as silent.
      const options = { ...(await user('~bull:*', '+@all', '-@dangerous', '+info')), lockDuration: 10_000 };
      const machine = await serve([workUrl], { ...options, balancer: { workers: 1 } });
      const cluster = new Cluster(options);
      const told: Error[] = [];
      for (const each of [machine, cluster]) each.on('engineError', (error) => told.push(error));
      try {
        expect(await cluster.submit(work.double, [1])).toBe(2);
        expect(await collect(cluster.map([1, 2, 3], work.double))).toEqual([2, 4, 6]);
      } finally {
        await cluster.close();
        await machine.close();
      }
      expect(told).toEqual([]);
    });

    test('the right to read replies is taken away: requests wait for it, run once, and are refused at last', async () => {
      const options = await user('~*', '&*', '+@all');
      await site.machine({ lockDuration: 500 });
      const patient = new Cluster(options);
      const hasty = new Cluster({ ...options, engineTimeout: 2_000 });
      try {
        expect(await Promise.all([patient, hasty].map((each) => each.submit(work.double, [1])))).toEqual([
          2, 2,
        ]);
        await client().call('ACL', 'SETUSER', 'few', '-xread');
        // Those that wait for mail now may do so to the end.
        await client().call('CLIENT', 'KILL', 'USER', 'few');
        const file = path.join(folder, 'ran');
        const result = patient.submit(work.note, [file, 'line']);
        await expect(hasty.submit(work.double, [1])).rejects.toMatchObject({ code: 'ERR_ENGINE' });
        await expect(hasty.submit(work.double, [1])).rejects.toMatchObject({ code: 'ERR_ENGINE' });
        // Nothing is begun whose result nobody would hear of. (Some beats of a cluster.)
        const unread = path.join(folder, 'unread');
        for (let n = 0; n < 15; n++) {
          await expect(hasty.submit(work.note, [unread, 'line'])).rejects.toMatchObject({
            code: 'ERR_ENGINE',
          });
          await sleep(100);
        }
        expect(existsSync(unread)).toBe(false);
        await client().call('ACL', 'SETUSER', 'few', '+xread');
        expect(await result).toBe('line');
        expect(readFileSync(file, 'utf8')).toBe('line\n');
        await expect.poll(() => hasty.submit(work.double, [2]).catch(() => 0)).toBe(4);
      } finally {
        await Promise.all([patient, hasty].map((each) => each.close({ timeout: 0 })));
      }
    }, 60_000);
  },
  ['redis'],
);
