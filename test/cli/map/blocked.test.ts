import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
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

// They say when they are being loaded, and go no further.
const saying =
  "import { writeSync } from 'node:fs'; writeSync(2, 'loading\\n'); export default (item) => item;";
writeFileSync(
  join(directory, 'says-never.mjs'),
  `${saying} await new Promise(() => setInterval(() => {}, 1e3))`,
);
writeFileSync(join(directory, 'says-reads.mjs'), `${saying} (await import('node:fs')).readFileSync('fifo')`);
writeFileSync(join(directory, 'says-imports.mjs'), `${saying} await import('./fifo.mjs')`);
execFileSync('mkfifo', [join(directory, 'fifo.mjs')]);

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

it.each(
  ['never', 'reads', 'imports'].flatMap((how) => [
    [`./says-${how}.mjs`, 'in', '-o', 'out'],
    [...inline, '--preload', `./says-${how}.mjs`, 'in', '-o', 'out'],
  ]),
)('map %s %s: a signal ends it while a module is loaded that never will be', async (...args) => {
  const child = start(['map', ...args.filter((arg) => arg !== undefined)], directory);
  let said = '';
  child.stderr?.on('data', (text) => {
    said += text;
  });
  await until(() => said.includes('loading'));
  // The items are handed out then, or at any moment after.
  await new Promise((resolve) => setTimeout(resolve, 200));
  child.kill('SIGHUP');
  expect(await ended(child)).toEqual({ code: null, signal: 'SIGHUP' });
});

it.each([
  ['map', './fifo.mjs', 'in'],
  ['map', `${pathToFileURL(join(directory, 'fifo.mjs'))}`, 'in'],
  ['map', '--dry-run', './fifo.mjs', 'in'],
  ['map', ...inline, '--preload', './fifo.mjs', 'in'],
  ['work', './fifo.mjs', '--redis', 'redis://127.0.0.1:1'],
  ['work', './never.mjs', '--preload', './fifo.mjs', '--redis', 'redis://127.0.0.1:1'],
])('%s %s %s: a module that is a FIFO is refused, and not waited for', (...args) => {
  const { code, stderr } = leastwork(args, { cwd: directory });
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: expect.stringMatching(/^leastwork: .*fifo\.mjs: a module must be a regular file\n/m),
  });
});

it.each(['never', 'reads', 'imports'])('work ./says-%s.mjs: one TERM ends it', async (how) => {
  const child = start(['work', `./says-${how}.mjs`, '--redis', 'redis://127.0.0.1:1'], directory);
  let said = '';
  child.stderr?.on('data', (text) => {
    said += text;
  });
  await until(() => said.includes('loading'));
  child.kill('SIGTERM');
  expect(await ended(child)).toEqual({ code: null, signal: 'SIGTERM' });
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
