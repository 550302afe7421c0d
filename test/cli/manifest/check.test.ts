import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { coreutils, leastwork, withoutProgram } from '../../support/command.js';
import { makeOddTree } from '../../support/odd-names.js';
import { scratch } from '../../support/scratch.js';

const directory = scratch();
const write = (name: string, text: string) =>
  writeFileSync(join(directory, name), Buffer.from(text, 'latin1'));

beforeAll(() => {
  makeOddTree(join(directory, 'tree'));
  const good = leastwork(['hash', 'tree'], { cwd: directory }).stdout;
  const lines = good.split('\n').slice(0, -1);
  const bad = lines.map((line, index) => (index % 3 === 0 ? line.replace(/[0-9a-f]{5}/, '00000') : line));
  const gone = lines.map((line, index) => (index % 4 === 0 ? `${line}.gone` : line));
  const first = lines.find((line) => line.endsWith('plain.txt'))!;
  const digest = first.slice(0, 64);
  write('good', good);
  write('crlf', `${first}\r\n`);
  write('upper', `${digest.toUpperCase()}  tree/plain.txt\n`);
  write('no-newline', first);
  write('bad', `${bad.join('\n')}\n`);
  write('one-bad', `${bad[0]}\n`);
  write('gone', `${gone.join('\n')}\n`);
  write('one-gone', `${digest}  nowhere\n`);
  write('directory', `${digest}  tree\n`);
  write('malformed', `hello\n\n# comment\n${first}\n${first.slice(3)}\n`);
  write('one-malformed', `hello\n${first}\n`);
  write('all-wrong', `hello\n${bad[0]}\n${bad[3]}\n${first}\n${digest}  nowhere\n${digest}  nowhere 2\n`);
  write('none', 'hello\n');
  write('empty', '');
  write('bsd', `SHA256 (tree/plain.txt) = ${digest}\nSHA256 (tree/it's) = ${digest}\nMD5 (x) = ${digest}\n`);
  write('one-blank', `${digest} tree/plain.txt\n${digest}  tree/plain.txt\n`);
  write('binary', `${digest} *tree/plain.txt\n`);
  write('stdin-inside', `${digest}  -\n`);
});

const MANIFESTS = [
  'good',
  'crlf',
  'upper',
  'no-newline',
  'bad',
  'one-bad',
  'gone',
  'one-gone',
  'directory',
  'malformed',
  'one-malformed',
  'all-wrong',
  'none',
  'empty',
  'bsd',
  'one-blank',
  'binary',
  'stdin-inside',
  'no such manifest',
];

const OPTIONS = [
  ['--quiet'],
  ['--status'],
  ['--strict'],
  ['--warn'],
  ['--ignore-missing'],
  ['--ignore-missing', '--quiet', '--strict', '-w'],
];

function both(args: readonly string[], input?: string) {
  const options = { cwd: directory, input: Buffer.from(input ?? '', 'latin1') };
  const ours = leastwork(['hash', '--check', ...args], options);
  const theirs = coreutils('sha256sum', ['--check', ...args], options);
  return { ours: comparable(ours), theirs: comparable(theirs) };
}

function comparable(ran: ReturnType<typeof leastwork>) {
  // sha256sum prints no summary.
  const stderr = ran.stderr.replace(/^[\d,]+ files?.*, [\d.]+ MB\/s\n(?: {2}.*\n)*/m, '');
  return { ...ran, stderr: withoutProgram(stderr) };
}

it.each(MANIFESTS)('%s is reported as sha256sum -c does', (manifest) => {
  const { ours, theirs } = both([manifest]);
  expect(ours).toEqual(theirs);
});

describe.each(OPTIONS.map((options) => [options.join(' '), options] as const))('with %s', (_, options) => {
  it.each(['all-wrong', 'one-malformed', 'one-gone', 'none', 'crlf', 'no such manifest'])(
    '%s is reported as sha256sum -c does',
    (manifest) => {
      const { ours, theirs } = both([...options, manifest]);
      expect(ours).toEqual(theirs);
    },
  );
});

it('a manifest may come from standard input', () => {
  const input = coreutils('cat', ['all-wrong'], { cwd: directory }).stdout;
  for (const args of [['-'], [], ['--warn']]) {
    const { ours, theirs } = both(args, input);
    expect(ours).toEqual(theirs);
  }
});

it('a file of a manifest may be standard input', () => {
  const { ours, theirs } = both(['stdin-inside'], '');
  expect(ours).toEqual(theirs);
  expect(ours.stdout).toBe('-: OK\n');
});

it('several manifests are all verified', () => {
  const { ours, theirs } = both(['one-bad', 'no such manifest', 'crlf']);
  expect(ours).toEqual(theirs);
});

it('other algorithms are verified as by their own commands', () => {
  const options = { cwd: directory };
  const manifest = leastwork(['hash', '-a', 'blake2b512', 'tree'], options).stdout;
  write('b2', `${manifest}BLAKE2b (tree/plain.txt) = ${manifest.slice(0, 128)}\nhello\n`);
  const ours = leastwork(['hash', '-c', '--warn', '--algorithm', 'blake2b512', 'b2'], options);
  expect(comparable(ours)).toEqual(comparable(coreutils('b2sum', ['-c', '--warn', 'b2'], options)));
});

it('thousands of files are reported in the order of the manifest', () => {
  mkdirSync(join(directory, 'many'));
  for (let i = 0; i < 2000; i++) writeFileSync(join(directory, `many/${i}`), 'x'.repeat(i % 97));
  write('many-sums', coreutils('sh', ['-c', 'sha256sum many/* | tac'], { cwd: directory }).stdout);
  rmSync(join(directory, 'many/1000'));
  writeFileSync(join(directory, 'many/1500'), 'changed');
  const { ours, theirs } = both(['many-sums']);
  expect(ours).toEqual(theirs);
});

it('the summary is left out with --quiet and --status only', () => {
  const summary = (...args: string[]) =>
    leastwork(['hash', '-c', ...args, 'crlf'], { cwd: directory }).stderr.startsWith('1 file, ');
  expect([summary(), summary('--strict'), summary('--quiet'), summary('--status')]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

it('input without newlines is one improper line, however long', () => {
  const ran = leastwork(['hash', '--check', '--quiet'], { input: Buffer.alloc(48_000_000, 'x') });
  expect(ran.code).toBe(1);
  expect(ran.stderr).toMatch(/no properly formatted/);
});
