import { fork } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lockJournal } from '../../../dist/src/batch/journal/lock.js';
import { ended, leastwork, start } from '../../support/command.js';
import { scratch } from '../../support/scratch.js';

const directory = scratch('lock');
const at = (name: string) => join(directory, name);

const lines = Array.from({ length: 400 }, (_, i) => `${i}\n`).join('');
/** At an item in the middle it says so, and waits for a file. */
const gated = (name: string) =>
  `async (l) => {
    const { existsSync } = await import('node:fs');
    if (l === '100') process._rawDebug('now');
    while (l === '100' && !existsSync('${name}.gate'));
    for (const end = performance.now() + 1; performance.now() < end; );
    return l;
  }`;
const open = (name: string) => writeFileSync(at(`${name}.gate`), '');
const batch = (name: string) => [
  ...['map', '--quiet', '-j', '1', '-e', gated(name), 'in', '--unordered'],
  ...['-o', `${name}.out`, '--journal', `${name}.j`, '--resume'],
];

test('a second run with a journal is refused while the first one is going on', async () => {
  writeFileSync(at('in'), lines);
  const first = start(batch('two'), directory);
  await new Promise((resolve) => first.stderr?.once('data', resolve));
  const second = leastwork(batch('two'), { cwd: directory });
  expect(second.stderr).toContain('leastwork: two.j: another run is going on with this journal\n');
  expect(second.code).toBe(2);
  open('two');
  expect((await ended(first)).code).toBe(0);
  expect(readFileSync(at('two.out'), 'utf8').split('\n').sort()).toEqual(lines.split('\n').sort());
});

test('a run that was killed keeps nobody from going on', async () => {
  writeFileSync(at('in'), lines);
  const first = start(batch('killed'), directory);
  await new Promise((resolve) => first.stderr?.once('data', resolve));
  const end = ended(first);
  first.kill('SIGKILL');
  await end;
  open('killed');
  expect(leastwork(batch('killed'), { cwd: directory }).code).toBe(0);
  expect(readFileSync(at('killed.out'), 'utf8').split('\n').sort()).toEqual(lines.split('\n').sort());
});

test('a journal that something else writes to is given up', async () => {
  writeFileSync(at('in'), lines);
  const run = start(batch('other'), directory);
  let errors = '';
  run.stderr?.on('data', (chunk) => {
    if (`${chunk}`.includes('now')) {
      writeFileSync(at('other.j'), 'x\n', { flag: 'a' });
      open('other');
    }
    errors += chunk;
  });
  expect((await ended(run)).code).toBe(2);
  expect(errors).toContain('other.j: something else writes to this journal');
});

test('where the lock is a file, that of a process that ended is taken over', async () => {
  const name = at('socket');
  const unlock = await lockJournal('j', name);
  await expect(lockJournal('j', name)).rejects.toThrow('j: another run is going on with this journal');
  unlock();
  // As a killed process leaves it.
  const program = `require('node:net').createServer().listen(${JSON.stringify(name)}, () => process.kill(process.pid, 'SIGKILL'))`;
  writeFileSync(at('dies.cjs'), program);
  await new Promise((resolve) => fork(at('dies.cjs')).once('exit', resolve));
  expect(existsSync(name)).toBe(true);
  (await lockJournal('j', name))();
});
