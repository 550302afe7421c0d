import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ended, leastwork, start } from '../../support/command.js';
import { scratch } from '../../support/scratch.js';
import { until } from '../../support/until.js';

const directory = scratch('map');
execFileSync('mkfifo', [join(directory, 'fifo')]);
writeFileSync(join(directory, 'in'), 'a\n');
writeFileSync(
  join(directory, 'never.mjs'),
  'export default 1; await new Promise(() => setInterval(() => {}, 1e3))',
);

/** Whether the process listens for SIGHUP, which is the first signal. Node itself does not. */
function listens(pid: number): boolean {
  const [, mask] = /^SigCgt:\s*(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return (BigInt(`0x${mask}`) & 1n) === 1n;
}

const inline = ['-e', 'line => line'];

it.each(
  [
    [...inline, 'in', '-o', 'fifo'],
    [...inline, 'in', '-o', 'out', '--errors', 'fifo'],
    [...inline, 'in', '-o', 'fifo', '--errors', 'errors'],
    [...inline, 'fifo', '-o', 'out'],
    [...inline, 'fifo', '-o', 'out', '--journal', 'journal'],
    ['./never.mjs', 'in', '-o', 'out'],
  ].map((args) => [args.join(' '), args] as const),
)('map %s: a signal ends it while nothing goes on', async (_, args) => {
  const child = start(['map', ...args], directory);
  await until(() => listens(child.pid as number));
  child.kill('SIGHUP');
  expect(await ended(child)).toEqual({ code: null, signal: 'SIGHUP' });
  expect(readdirSync(directory).filter((name) => name.endsWith('.tmp'))).toEqual([]);
});

it('a module that a thread has begun to load, and never ends to: a signal ends it', async () => {
  const loads = join(directory, 'loads');
  const module = `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(loads)}, ''); await new Promise(() => setInterval(() => {}, 1e3));`;
  writeFileSync(join(directory, 'loading.mjs'), `${module} export default 1;`);
  const child = start(['map', './loading.mjs', 'in', '-o', 'out'], directory);
  // The first part of the input waits for it by then.
  await until(() => existsSync(loads));
  child.kill('SIGHUP');
  expect(await ended(child)).toEqual({ code: null, signal: 'SIGHUP' });
});

it('a journal that is a FIFO is refused, and not waited for', () => {
  const { code, stderr } = leastwork(['map', ...inline, 'in', '-o', 'out', '--journal', 'fifo'], {
    cwd: directory,
  });
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: 'leastwork: fifo: a journal must be a regular file\n',
  });
});
