import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { coreutils, leastwork } from '../../support/command.js';
import { scratch } from '../../support/scratch.js';

const directory = scratch();
mkdirSync(join(directory, 'tree'));
for (const name of ['a', 'b', 'tree/c', 'two\nlines']) writeFileSync(join(directory, name), name);

const list = (input: string, ...args: string[]) =>
  leastwork(['hash', '--quiet', '--files-from', '-', ...args], { cwd: directory, input });
const digests = (...paths: string[]) => coreutils('sha256sum', paths, { cwd: directory }).stdout;

it('a directory in the list is hashed as one that is named, empty lines are passed over', () => {
  expect(list('b\n\ntree\na')).toMatchObject({ code: 0, stdout: digests('b', 'tree/c', 'a'), stderr: '' });
});

it('with --null a name may contain a newline', () => {
  expect(list('two\nlines\0a\0', '--null')).toMatchObject({ code: 0, stdout: digests('two\nlines', 'a') });
});

it.each([
  ['a NUL', 'b\0c\n', [], '1: the name contains a NUL; use --null for names that end with a NUL each'],
  ['a name that is too long', `${'x'.repeat(100_000)}\n`, [], '1: the name is longer than 65536 bytes'],
  ['an empty name', 'b\0\0', ['--null'], '2: the name is empty'],
  ['standard input', '-\n', [], '1: - is not possible in a list that comes from standard input'],
])('%s is told with its place in the list, and the rest is hashed', (_, input, args, message) => {
  const ran = list(`${input}a`, ...args);
  expect(ran.stderr).toBe(`leastwork: 'standard input': ${message}\n`);
  expect(ran.stdout.endsWith(digests('a'))).toBe(true);
  expect(ran.code).toBe(1);
});

it('the output is left out where the list names it', () => {
  writeFileSync(join(directory, 'list'), 'a\nSUMS\n./SUMS\n');
  for (let time = 0; time < 2; time++) {
    const args = ['hash', '--quiet', '-o', 'SUMS', '--files-from', 'list'];
    expect(leastwork(args, { cwd: directory })).toMatchObject({ code: 0, stderr: '' });
    expect(coreutils('cat', ['SUMS'], { cwd: directory }).stdout).toBe(digests('a'));
  }
});

it('a list that cannot be read is named', () => {
  expect(leastwork(['hash', '--quiet', '--files-from', 'nowhere'], { cwd: directory })).toMatchObject({
    code: 1,
    stderr: 'leastwork: nowhere: No such file or directory\n',
  });
});
