import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { onEachEngine, work } from '../support/cluster.js';
import { range } from '../support/range.js';
import { scratch } from '../support/scratch.js';

const few = { lockDuration: 500 };
const folder = scratch('cluster');
let files = 0;
const fresh = (): string => path.join(folder, String(++files));

async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}

onEachEngine(
  (site) => {
    test('the engine is killed and comes back with its data: nothing is lost', async () => {
      await site.machine(few);
      const cluster = site.cluster(few);
      const before = range(0, 50).map((n) => cluster.submit(work.double, [n]));
      await before[0];
      await site.server.kill();
      const during = range(50, 100).map((n) => cluster.submit(work.double, [n]));
      await site.server.restart();
      expect(await Promise.all([...before, ...during])).toEqual(range(0, 100).map((n) => 2 * n));
    }, 120_000);

    for (const retries of [2, 0])
      test(`the engine is killed three times under load: each request settles (retries: ${retries})`, async () => {
        const lock = { lockDuration: 1_000 };
        await Promise.all([site.process(lock), site.process(lock)]);
        const cluster = site.cluster({ ...lock, retries });
        const file = fresh();
        const ends: Promise<unknown>[] = [];
        for (const round of range(0, 3)) {
          for (const n of range(0, 200))
            ends.push(cluster.submit(work.note, [file, `${round}.${n}`]).catch((error) => error.code));
          await sleep(60 + 40 * round);
          await site.server.kill();
          for (const n of range(200, 220))
            ends.push(cluster.submit(work.note, [file, `${round}.${n}`]).catch((error) => error.code));
          await site.server.restart();
          await sleep(300);
        }
        const wanted = range(0, 660).map((n) => `${Math.floor(n / 220)}.${n % 220}`);
        const others = (await Promise.all(ends)).filter((end, i) => end !== wanted[i]);
        expect(others).toEqual(retries === 0 ? others.filter((end) => end === 'ERR_MACHINE_LOST') : []);
        await sleep(2 * lock.lockDuration);
        const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
        const twice = lines.length - new Set(lines).size;
        if (retries === 0) expect(twice).toBe(0);
      }, 120_000);
  },
  ['redis', 'postgres'],
  { persists: true },
);

onEachEngine(
  (site) => {
    test('the engine comes back empty: what it has lost is sent again', async () => {
      const cluster = site.cluster(few);
      const results = range(0, 50).map((n) => cluster.submit(work.double, [n]));
      await eventually(() => cluster.stats().connected);
      await site.server.kill();
      await site.server.restart(true);
      await site.machine(few);
      expect(await Promise.all(results)).toEqual(range(0, 50).map((n) => 2 * n));
    });

    test('… but not with retries: 0', async () => {
      const cluster = site.cluster(few);
      const result = cluster.submit(work.double, [1], { retries: 0, delay: 60_000 });
      result.catch(() => {});
      await eventually(() => cluster.stats().connected);
      // It is sent before this one, which comes back.
      await site.machine(few);
      await cluster.submit(work.double, [2]);
      await site.server.restart(true);
      await expect(result).rejects.toMatchObject({ code: 'ERR_MACHINE_LOST', losses: 1 });
      expect(await cluster.submit(work.double, [3])).toBe(6);
    });

    test('a result that is done while the engine has lost its job counts', async () => {
      await site.machine(few);
      const cluster = site.cluster({ ...few, lockDuration: 5_000 });
      const [file, gate] = [fresh(), fresh()];
      const result = cluster.submit(work.noteAndWait, [file, 'line', gate], { retries: 0 });
      await eventually(() => existsSync(file));
      await site.server.restart(true);
      writeFileSync(gate, '');
      expect(await result).toBe('line');
      expect(readFileSync(file, 'utf8')).toBe('line\n');
    });

    test('an engine that stays away: requests are rejected, and later ones at once, until it is there', async () => {
      const cluster = site.cluster({ ...few, engineTimeout: 2_000 });
      await site.machine(few);
      expect(await cluster.submit(work.double, [1])).toBe(2);
      await site.server.kill();
      await expect(cluster.submit(work.double, [1])).rejects.toMatchObject({ code: 'ERR_ENGINE' });
      await expect(cluster.submit(work.double, [1])).rejects.toMatchObject({ code: 'ERR_ENGINE' });
      await site.server.restart();
      await eventually(() => cluster.stats().connected);
      expect(await cluster.submit(work.double, [4])).toBe(8);
    });
  },
  ['redis'],
);

onEachEngine(
  (site) => {
    test('an engine that was never there: a machine says so, and so does a request', async () => {
      await site.server.kill();
      const cluster = site.cluster({ engineTimeout: 200 });
      await expect(cluster.submit(work.double, [1])).rejects.toMatchObject({
        code: 'ERR_ENGINE',
        message: expect.stringContaining('ECONNREFUSED'),
      });
      await expect(site.machine({ engineTimeout: 200 })).rejects.toMatchObject({ code: 'ERR_ENGINE' });
      await cluster.close();
    });
  },
  ['redis', 'postgres'],
);
