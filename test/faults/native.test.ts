import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fates, faults, withBalancer } from '../support/faults.js';

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'leastwork-native-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Brings a task into native code until the test is over. */
async function whileInNativeCode(test: (file: string) => Promise<void>): Promise<void> {
  const file = join(folder, String(++files));
  try {
    await test(file);
  } finally {
    await writeFile(file, '');
  }
}

describe('a thread that is in native code, where nothing ends it', () => {
  it('gives its place to another, and what it had not started runs there', () =>
    whileInNativeCode((file) =>
      withBalancer({}, async (balancer) => {
        const stuck = balancer.submit(faults.inNativeCode, [file], { timeout: 20 });
        const behind = [1, 2, 3].map((value) => balancer.submit(faults.echo, [value]));
        expect(await fates([stuck, ...behind])).toEqual(['ERR_TASK_TIMEOUT', 1, 2, 3]);
        expect(await balancer.submit(faults.echo, ['next'])).toBe('next');
        expect(balancer.stats().workers).toHaveLength(1);
      }),
    ));

  it('holds nobody who closes with a timeout', () =>
    whileInNativeCode((file) =>
      withBalancer({ workers: 2 }, async (balancer) => {
        const stuck = fates([balancer.submit(faults.inNativeCode, [file])]);
        while (!existsSync(`${file}.in`)) await turn();
        expect(await balancer.submit(faults.echo, [1])).toBe(1);
        await balancer.close({ timeout: 20 });
        expect(await stuck).toEqual(['ERR_BALANCER_CLOSED']);
      }),
    ));
});
