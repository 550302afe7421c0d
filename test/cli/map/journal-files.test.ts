/** What stands in files that a batch with a journal is to write is not lost by mistakes. */
import { appendFileSync, chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { leastwork } from '../../support/command.js';
import { scratch } from '../../support/scratch.js';

const directory = scratch('files');
const at = (name: string) => join(directory, name);
const read = (name: string) => readFileSync(at(name), 'utf8');
const write = (name: string, content: string) => writeFileSync(at(name), content);
const exists = (name: string) => existsSync(at(name));
const run = (...args: string[]) => leastwork(['map', '--quiet', ...args], { cwd: directory });
const echo = ['-e', 'l => l'];

describe('a file that is used twice', () => {
  test('is refused where it is an input, which would be emptied before it is read', () => {
    write('in', '1\n2\n');
    const { code, stderr } = run(...echo, 'in', '-o', './in', '--journal', 'in.j');
    expect(stderr).toBe('leastwork: in: is both the output and an input\n');
    expect(code).toBe(2);
    expect(read('in')).toBe('1\n2\n');
    expect(exists('in.j')).toBe(false);
    expect(run(...echo, 'in', '-o', 'out', '--errors', 'in', '--journal', 'in.j').stderr).toContain(
      'in: is both the file of failed items and an input',
    );
  });

  test('may be an input without a journal: it is replaced in the end', () => {
    write('same', '1\n2\n');
    expect(run('-e', 'l => l * 2', 'same', '-o', 'same').code).toBe(0);
    expect(read('same')).toBe('2\n4\n');
  });

  test('is refused as the input and the file of failed items, also without a journal', () => {
    write('same', '1\n2\n');
    const { code, stderr } = run(...echo, 'same', '--errors', 'same');
    expect(stderr).toBe('leastwork: same: is both the file of failed items and an input\n');
    expect(code).toBe(2);
    expect(read('same')).toBe('1\n2\n');
    expect(run('-e', 'l => l + 1', 'same', '-o', 'same', '--errors', 'other').code).toBe(0);
    expect(read('same')).toBe('11\n21\n');
  });

  test.each([
    ['the output and the file of failed items', ['-o', 'x', '--errors', 'x']],
    ['the output and the journal', ['-o', 'x', '--journal', 'x']],
    ['the file of failed items and the journal', ['-o', 'y', '--errors', 'x', '--journal', 'x']],
  ])('is refused as %s', (both, args) => {
    write('in', '1\n');
    expect(run(...echo, 'in', ...args).stderr).toBe(`leastwork: x: is both ${both}\n`);
    expect(exists('x')).toBe(false);
  });

  test('may be a device', () => {
    write('in', '1\n');
    expect(run(...echo, 'in', '-o', '/dev/null', '--errors', '/dev/null').code).toBe(0);
  });
});

describe('what cannot begin leaves the files as they were', () => {
  test.each([
    ['a journal without a folder', [...echo, '--journal', 'no/j']],
    ['failed items without a folder', [...echo, '--journal', 'j', '--errors', 'no/errors']],
    ['a function that does not load', ['./task.cjs#nope', '--journal', 'j']],
    ['an input that is not there', [...echo, 'nope', '--journal', 'j']],
  ])('%s', (_, args) => {
    write('in', '1\n');
    write('task.cjs', 'exports.f = (l) => l\n');
    write('kept', 'kept\n');
    rmSync(at('j'), { force: true });
    const { code, stderr } = run(...args, 'in', '-o', 'kept');
    expect(code).toBe(2);
    expect(stderr).not.toContain('what is done is kept');
    expect(read('kept')).toBe('kept\n');
    expect(exists('j')).toBe(false);
  });

  test('nor is an output there that was not', () => {
    write('in', '1\n');
    write('task.cjs', 'exports.f = (l) => l\n');
    run('./task.cjs#nope', 'in', '-o', 'fresh', '--journal', 'fresh.j');
    expect([exists('fresh'), exists('fresh.j')]).toEqual([false, false]);
  });

  test('a function that is corrected begins, where nothing was done', () => {
    write('in', '1\n2\n');
    const args = ['in', '-o', 'late', '--journal', 'late.j'];
    run(...echo, ...args);
    // As if it had been killed before its first commit.
    write('late.j', `${read('late.j').split('\n').slice(0, 3).join('\n')}\n`);
    expect(run('-e', 'l => l + l', ...args).stderr).toContain('this journal exists');
    expect(run('-e', 'l => l + l', ...args, '--resume').code).toBe(0);
    expect(read('late')).toBe('11\n22\n');
  });
});

describe('an output that is not as it was written', () => {
  const files = ['by', '-o', 'by.out', '--journal', 'by.j'];

  test('is refused where something was added after the end, and cut back with --force', () => {
    write('by', '1\n2\n');
    run(...echo, ...files);
    appendFileSync(at('by.out'), 'by hand\n');
    const { code, stderr } = run(...echo, ...files, '--resume');
    expect(stderr).toBe(
      'leastwork: by.out: has 12 bytes, but the journal speaks of 4: it was written to since (--force cuts it back)\n',
    );
    expect(code).toBe(2);
    expect(read('by.out')).toBe('1\n2\nby hand\n');
    expect(run(...echo, ...files, '--resume', '--force').code).toBe(0);
    expect(read('by.out')).toBe('1\n2\n');
  });

  test('is refused where it is gone', () => {
    rmSync(at('by.out'));
    const { code, stderr } = run(...echo, ...files, '--resume');
    expect(stderr).toBe(
      'leastwork: by.out: is not there, but the journal speaks of 4: it is not the file that was written\n',
    );
    expect(code).toBe(2);
  });

  test('failed items that were removed do not hold up --retry-failed', () => {
    const args = ['-e', 'l => { throw l }', 'by', '-o', 'rm.out', '--errors', 'rm.err', '--journal', 'rm.j'];
    run(...args);
    rmSync(at('rm.err'));
    expect(run(...args, '--retry-failed').code).toBe(1);
    expect(read('rm.err').trim().split('\n')).toHaveLength(2);
  });

  test('is refused where nobody may write it', () => {
    write('by', '1\n');
    write('read-only', 'kept\n');
    chmodSync(at('read-only'), 0o444);
    const { code, stderr } = run(...echo, 'by', '-o', 'read-only', '--journal', 'ro.j');
    expect(stderr).toBe('leastwork: read-only: Permission denied\n');
    expect(code).toBe(2);
    expect(read('read-only')).toBe('kept\n');
  });
});

test('what --force has accepted is what the journal is about from then on', () => {
  write('grown', '1\n');
  const args = [...echo, 'grown', '-o', 'grown.out', '--journal', 'grown.j', '--resume'];
  run(...args);
  appendFileSync(at('grown'), '2\n');
  expect(run(...args).code).toBe(2);
  expect(run(...args, '--force').code).toBe(0);
  expect(run(...args).code).toBe(0);
  expect(read('grown.out')).toBe('1\n2\n');
});

test('an input that ends before what was done is not the same one', () => {
  const args = ['map', '--quiet', ...echo, '-o', 'pipe.out', '--journal', 'pipe.j', '--resume'];
  const pipe = (input: string) => leastwork(args, { cwd: directory, input });
  expect(pipe('1\n2\n3\n').code).toBe(0);
  expect(pipe('1\n2\n3\n').code).toBe(0);
  const { code, stderr } = pipe('1\n');
  expect(stderr).toContain('leastwork: -: ends before byte 6, up to which it was done before\n');
  expect(code).toBe(2);
  expect(read('pipe.out')).toBe('1\n2\n3\n');
});
