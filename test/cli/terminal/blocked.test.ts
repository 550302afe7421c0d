import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { Places } from '../../../dist/src/cli/files/places.js';
import { hashSmallFiles } from '../../../dist/src/cli/hash/hash-task.js';
import { isRegular } from '../../../dist/src/cli/hash/inputs.js';
import { ended, start } from '../../support/command.js';
import { scratch } from '../../support/scratch.js';

const directory = realpathSync(scratch());
const fifo = join(directory, 'fifo');
execFileSync('mkfifo', [fifo]);
symlinkSync('fifo', join(directory, 'link'));
writeFileSync(join(directory, 'small'), 'small');
writeFileSync(join(directory, 'manifest'), `${'0'.repeat(64)}  fifo\n`);
writeFileSync(join(directory, 'list'), 'small\nfifo\n');

/** Opens the FIFO as soon as the command has opened it for reading, and then writes nothing. */
async function stall(): Promise<void> {
  for (;;) {
    try {
      const writer = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
      onTestFinished(() => closeSync(writer));
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
      await setImmediate();
    }
  }
}

it.each(
  [
    ['fifo'],
    ['small', 'link'],
    ['--output', 'out', 'fifo'],
    ['--files-from', 'fifo'],
    ['--files-from', 'list'],
    ['--check', 'fifo'],
    ['--check', 'manifest'],
  ].map((args) => [args.join(' '), args] as const),
)('hash %s: a signal ends it while the writer of a FIFO stalls', async (_, args) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    const child = start(['hash', ...args], directory);
    await stall();
    child.kill(signal);
    expect(await ended(child)).toEqual({ code: null, signal });
  }
});

it('the main thread hands back, without waiting, a FIFO that has taken the place of a regular file', () => {
  const paths = [join(directory, 'small'), fifo].join('\0');
  const { outcomes } = hashSmallFiles({
    batch: 0,
    algorithm: 'sha256',
    paths,
    regular: true,
    counter: undefined,
  });
  expect(outcomes).toEqual([expect.any(String), null]);
});

it('files of /proc, whose reads may wait for events, are not for the main thread', async () => {
  const places = new Places();
  expect(await isRegular(join(directory, 'small'), places)).toBe(true);
  for (const path of [fifo, '-', directory, '/proc/self/status', '/nowhere'])
    expect(await isRegular(path, places)).toBe(false);
});
