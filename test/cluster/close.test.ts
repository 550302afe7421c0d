/** `close`, called again with less time. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { onEachEngine, work } from '../support/cluster.js';
import { scratch } from '../support/scratch.js';

const few = { lockDuration: 1_000 };
const folder = scratch('close-');
let files = 0;
const fresh = (): string => path.join(folder, String(++files));
const textOf = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');

onEachEngine((site) => {
  test('of a machine: what runs goes to other machines then', async () => {
    const first = await site.machine(few);
    const cluster = site.cluster(few);
    const [file, gate] = [fresh(), fresh()];
    const result = cluster.submit(work.noteAndWait, [file, 'line', gate], { timeout: 60_000 });
    result.catch(() => {});
    await expect.poll(() => textOf(file)).toBe('line\n');
    const patient = first.close();
    await first.close({ timeout: 0 });
    await patient;
    expect(first.stats().jobs).toMatchObject({ fulfilled: 0, rejected: 0 });
    expect(first.stats().jobs.left).toBeGreaterThan(0);
    await site.machine(few);
    await expect.poll(() => textOf(file)).toBe('line\nline\n');
  });

  test('of a Cluster: what is under way is rejected then, or what no machine has taken', async () => {
    const cluster = site.cluster(few);
    await site.machine(few);
    const [file, gate] = [fresh(), fresh()];
    const options = { retries: 0 };
    const running = cluster.submit(work.noteAndWait, [file, 'line', gate], options);
    running.catch(() => {});
    await expect.poll(() => textOf(file)).toBe('line\n');
    const waiting = Array.from({ length: 9 }, () =>
      cluster.submit(work.noteAndWait, [file, '', gate], options),
    );
    for (const each of waiting) each.catch(() => {});
    // Until the machine has what it takes.
    await expect(cluster.submit(work.add, [1, 2], { queueTimeout: 300 })).rejects.toMatchObject({
      phase: 'queue',
    });
    const patient = cluster.close();
    const rejecting = cluster.close({ queued: 'reject' });
    await expect(waiting.at(-1)).rejects.toMatchObject({ code: 'ERR_BALANCER_CLOSED' });
    await cluster.close({ timeout: 0 });
    await expect(running).rejects.toMatchObject({ code: 'ERR_BALANCER_CLOSED' });
    await Promise.all([patient, rejecting]);
  });
});
