/** `--dry-run` refuses what the run would refuse. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { leastwork } from '../../support/command.js';
import { scratch } from '../../support/scratch.js';

const directory = scratch('dry');
const at = (name: string) => join(directory, name);
const run = (...args: string[]) => leastwork(['map', '--quiet', '-e', 'l => l', ...args], { cwd: directory });

beforeAll(() => {
  writeFileSync(at('in'), '1\n');
  mkdirSync(at('folder'));
  run('in', '-o', 'done', '--journal', 'done.j');
  writeFileSync(at('changed'), '1\n');
  run('changed', '-o', 'changed.out', '--journal', 'changed.j');
  writeFileSync(at('changed'), '1\n2\n');
  writeFileSync(at('other.j'), 'something else\n');
});

test.each([
  ['an input that is not there', ['nope']],
  ['an input that is a folder', ['folder']],
  ['an output without a folder', ['in', '-o', 'no/out']],
  ['an output that is a folder', ['in', '-o', 'folder', '--journal', 'j']],
  ['failed items without a folder', ['in', '--errors', 'no/errors']],
  ['a journal without a folder', ['in', '-o', 'out', '--journal', 'no/j']],
  ['a journal that is none', ['in', '-o', 'out', '--journal', 'other.j', '--resume']],
  ['a journal that exists', ['in', '-o', 'done', '--journal', 'done.j']],
  ['a journal of other inputs', ['changed', '-o', 'changed.out', '--journal', 'changed.j', '--resume']],
  ['failed items of no journal', ['in', '-o', 'out', '--journal', 'j', '--retry-failed']],
  ['one file for two', ['in', '-o', 'out', '--errors', 'out']],
])('%s: the same words', (_, args) => {
  const dry = run('--dry-run', ...args);
  expect(dry.code).toBe(2);
  expect(dry.stdout).toBe('');
  expect(dry.stderr).toBe(run(...args).stderr);
});

test('what would begin leaves no trace', () => {
  const args = ['in', '-o', 'out', '--errors', 'errors', '--journal', 'j', '--resume'];
  expect(run('--dry-run', ...args)).toMatchObject({ code: 0, stderr: '' });
  expect(['out', 'errors', 'j'].filter((name) => existsSync(at(name)))).toEqual([]);
});

test('what would go on leaves the files as they are', () => {
  const before = readFileSync(at('done.j'), 'utf8');
  const { code, stdout } = run('--dry-run', 'in', '-o', 'done', '--journal', 'done.j', '--resume');
  expect(code).toBe(0);
  expect(stdout).toContain('journal   done.j: 1 item done, 0 failed, complete\n');
  expect(readFileSync(at('done.j'), 'utf8')).toBe(before);
});
