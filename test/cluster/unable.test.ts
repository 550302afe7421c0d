/** A machine whose Balancer can run nothing: other machines run what comes, or whoever waits is told. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Balancer } from 'leastwork';
import { afterEach, expect, test } from 'vitest';
import { onEachEngine, work } from '../support/cluster.js';
import { scratch } from '../support/scratch.js';

const few = { lockDuration: 1_000 };
const folder = scratch('unable-');

onEachEngine((site) => {
  let balancer: Balancer;
  afterEach(() => balancer.close({ timeout: 0 }));

  test('where its Balancer is closed, requests end with ERR_NO_MACHINE, which says so', async () => {
    balancer = new Balancer({ workers: 1 });
    await site.machine({ ...few, balancer });
    const cluster = site.cluster({ ...few, machineTimeout: 2_000 });
    expect(await cluster.submit(work.add, [1, 2])).toBe(3);
    await balancer.close();
    const told = { code: 'ERR_NO_MACHINE', message: expect.stringMatching(/Some can run nothing: .*closed/) };
    await expect(cluster.submit(work.add, [1, 2])).rejects.toMatchObject(told);
    const map = async (): Promise<void> => {
      for await (const _ of cluster.mapSettled([1, 2], work.double));
    };
    await expect(map()).rejects.toMatchObject({ code: 'ERR_NO_MACHINE' });
  });

  test('other machines run what it cannot', async () => {
    balancer = new Balancer({ workers: 1 });
    const closed = await site.machine({ ...few, balancer });
    await balancer.close();
    const other = await site.machine(few);
    const cluster = site.cluster(few);
    const sums = Array.from({ length: 50 }, (_, i) => cluster.submit(work.add, [i, 1]));
    expect(await Promise.all(sums)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
    // One that has lost its lock runs again.
    await expect.poll(() => other.stats().jobs.fulfilled).toBeGreaterThanOrEqual(50);
    // It tries one now and then, and does not take all that there are again and again.
    await expect.poll(() => closed.stats().slots).toBe(1);
  });

  test('one whose threads cannot be started serves again as soon as they can', async () => {
    const file = path.join(folder, `preloaded-${site.server.kind}.mjs`);
    writeFileSync(file, '');
    balancer = new Balancer({ workers: 1, preload: [pathToFileURL(file)] });
    await site.machine({ ...few, balancer });
    const cluster = site.cluster({ ...few, machineTimeout: 2_000, retries: 0 });
    expect(await cluster.submit(work.add, [1, 2])).toBe(3);
    writeFileSync(file, 'throw new Error("broken")');
    await expect(balancer.submit(() => process.exit(1))).rejects.toMatchObject({
      code: 'ERR_WORKER_CRASHED',
    });
    await expect(cluster.submit(work.add, [1, 2])).rejects.toMatchObject({
      code: 'ERR_NO_MACHINE',
      message: expect.stringMatching(/Some can run nothing: no worker can be started: .*broken/),
    });
    writeFileSync(file, '');
    await expect.poll(() => balancer.stats().workers.length, { timeout: 60_000 }).toBe(1);
    const patient = site.cluster(few);
    expect(await patient.submit(work.add, [1, 2])).toBe(3);
    await expect.poll(() => patient.stats().machines[0]?.tasks, { timeout: 60_000 }).toContain('work/add');
  });
});
