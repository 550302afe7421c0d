import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { faults } from '../support/faults.js';
import { scratch } from '../support/scratch.js';
import { until } from '../support/until.js';

const folder = scratch();
let files = 0;

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
      withSmallBalancer({}, async (balancer) => {
        const stuck = balancer.submit(faults.inNativeCode, [file], { timeout: 20 });
        const behind = [1, 2, 3].map((value) => balancer.submit(faults.echo, [value]));
        expect(await fates([stuck, ...behind])).toEqual(['ERR_TASK_TIMEOUT', 1, 2, 3]);
        expect(await balancer.submit(faults.echo, ['next'])).toBe('next');
        // The thread that is being ended, or a successor that is not needed after all, is there for a while.
        await until(() => balancer.stats().workers.length === 1);
      }),
    ));

  it('holds nobody who closes with a timeout', () =>
    whileInNativeCode((file) =>
      withSmallBalancer({ workers: 2 }, async (balancer) => {
        const stuck = fates([balancer.submit(faults.inNativeCode, [file])]);
        await until(() => existsSync(`${file}.in`));
        expect(await balancer.submit(faults.echo, [1])).toBe(1);
        await balancer.close({ timeout: 20 });
        expect(await stuck).toEqual(['ERR_BALANCER_CLOSED']);
      }),
    ));
});
