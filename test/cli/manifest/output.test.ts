import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fileOutput } from '../../../dist/src/cli/manifest/file-output.js';
import { coreutils, leastwork, MAIN } from '../../support/command.js';
import { scratch } from '../../support/scratch.js';

const root = scratch();
const fresh = () => mkdtempSync(join(root, 'output-'));

it('the file appears at the end and complete', async () => {
  const directory = fresh();
  const output = await fileOutput(join(directory, 'out'));
  await output.writer.write('a\xff\n');
  await output.writer.flush();
  expect(readdirSync(directory)).not.toContain('out');
  await output.commit();
  expect(readdirSync(directory)).toEqual(['out']);
  expect(readFileSync(join(directory, 'out'), 'latin1')).toBe('a\xff\n');
});

it('nothing is left after a discard, and what was there is untouched', async () => {
  const directory = fresh();
  writeFileSync(join(directory, 'out'), 'former');
  const output = await fileOutput(join(directory, 'out'));
  await output.writer.write('new');
  await output.writer.flush();
  output.discard();
  output.discard();
  expect(readdirSync(directory)).toEqual(['out']);
  expect(readFileSync(join(directory, 'out'), 'utf8')).toBe('former');
});

it('a discard after the commit does nothing', async () => {
  const directory = fresh();
  const output = await fileOutput(join(directory, 'out'));
  await output.commit();
  output.discard();
  expect(readdirSync(directory)).toEqual(['out']);
});

it('a file that is replaced keeps its permissions, and a symbolic link to it stays one', async () => {
  const directory = fresh();
  writeFileSync(join(directory, 'real'), 'former');
  chmodSync(join(directory, 'real'), 0o640);
  symlinkSync('real', join(directory, 'link'));
  const output = await fileOutput(join(directory, 'link'));
  await output.writer.write('new');
  await output.commit();
  expect(readdirSync(directory).sort()).toEqual(['link', 'real']);
  expect(readFileSync(join(directory, 'real'), 'utf8')).toBe('new');
  expect(statSync(join(directory, 'real')).mode & 0o777).toBe(0o640);
});

it('a symbolic link to a file that is still to be is followed, through further links', async () => {
  const directory = fresh();
  mkdirSync(join(directory, 'sub'));
  symlinkSync('sub/second', join(directory, 'first'));
  symlinkSync('real', join(directory, 'sub/second'));
  const output = await fileOutput(join(directory, 'first'));
  await output.writer.write('new');
  await output.commit();
  expect(readdirSync(directory).sort()).toEqual(['first', 'sub']);
  expect(readdirSync(join(directory, 'sub')).sort()).toEqual(['real', 'second']);
  expect(readFileSync(join(directory, 'sub/real'), 'utf8')).toBe('new');
});

it('links that lead in a circle, and to a folder that is not there, are told', async () => {
  const directory = fresh();
  symlinkSync('b', join(directory, 'a'));
  symlinkSync('a', join(directory, 'b'));
  symlinkSync('nowhere/file', join(directory, 'c'));
  await expect(fileOutput(join(directory, 'a'))).rejects.toThrow(expect.objectContaining({ code: 'ELOOP' }));
  await expect(fileOutput(join(directory, 'c'))).rejects.toThrow(expect.objectContaining({ code: 'ENOENT' }));
});

it('standard output by its name as a file, where it is a pipe', () => {
  // A pipe made by a shell: Node makes sockets, which have no name.
  const command = `'${process.execPath}' '${MAIN}' hash --quiet --output /dev/stdout - | cat`;
  const ran = coreutils('sh', ['-c', command], { input: '' });
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  expect(ran.stdout).toMatch(/^e3b0c442[\da-f]{56} {2}-\n$/);
});

it('what is no regular file is written to as it is', () => {
  const ran = leastwork(['hash', '--quiet', '--output', '/dev/null', '-'], { input: '' });
  expect(ran).toMatchObject({ code: 0, stdout: '', stderr: '' });
  expect(statSync('/dev/null').isFile()).toBe(false);
});

it('leaves itself and its predecessor out of a tree that it lies in, but not others of that name', () => {
  const directory = fresh();
  mkdirSync(join(directory, 'sub'));
  for (const file of ['a', 'SUMS', 'sub/SUMS']) writeFileSync(join(directory, file), '');
  for (const path of ['.', directory, 'sub/..']) {
    expect(leastwork(['hash', '-o', 'SUMS', path], { cwd: directory }).code).toBe(0);
    const lines = readFileSync(join(directory, 'SUMS'), 'utf8').split('\n').slice(0, -1);
    expect(lines.map((line) => line.slice(66))).toEqual([`${path}/a`, `${path}/sub/SUMS`]);
  }
});

it('leaves itself out where it is named, by whatever path, but hashes twice what is named twice', () => {
  const directory = fresh();
  mkdirSync(join(directory, 'sub'));
  for (const file of ['a', 'sub/b']) writeFileSync(join(directory, file), '');
  symlinkSync('SUMS', join(directory, 'link'));
  const named = ['SUMS', './SUMS', 'sub/../SUMS', join(directory, 'SUMS'), 'link', 'a', 'sub/b', 'a'];
  // In the first round SUMS does not exist yet.
  for (let time = 0; time < 2; time++) {
    const args = time === 0 ? named.filter((path) => path !== 'link') : named;
    expect(leastwork(['hash', '-o', 'SUMS', ...args], { cwd: directory })).toMatchObject({ code: 0 });
    const lines = readFileSync(join(directory, 'SUMS'), 'utf8').split('\n').slice(0, -1);
    expect(lines.map((line) => line.slice(66))).toEqual(['a', 'sub/b', 'a']);
  }
});

it('that is the only input, or the list of inputs, is refused: it would be lost', () => {
  const directory = fresh();
  for (const file of ['a', 'b']) writeFileSync(join(directory, file), 'b\n');
  for (const args of [
    ['a', '-o', 'a'],
    ['a', './a', '-o', 'a'],
    ['--files-from', 'a', '-o', './a'],
  ]) {
    const ran = leastwork(['hash', ...args], { cwd: directory });
    expect(ran).toMatchObject({ code: 1, stdout: '' });
    expect(ran.stderr).toContain('--output: ');
    expect(ran.stderr).toContain('would be replaced');
    expect(readFileSync(join(directory, 'a'), 'utf8')).toBe('b\n');
    expect(readdirSync(directory).sort()).toEqual(['a', 'b']);
  }
});

it('may have any name that a file can have', () => {
  const directory = fresh();
  const bytes = (name: string) => Buffer.from(name, 'latin1');
  const names = ['not utf-8 \xff', 'x'.repeat(255), '=x'];
  // Called from a shell: Node can pass on only arguments that are text.
  const ways = [`"--output=$(printf 'not utf-8 \\377')"`, `--output ${'x'.repeat(255)}`, `-o=x`];
  for (const way of ways) {
    const ran = coreutils('sh', ['-c', `'${process.execPath}' '${MAIN}' hash --quiet ${way} -`], {
      cwd: directory,
      input: '',
    });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
  }
  const found = readdirSync(directory, { encoding: 'buffer' }).map((name) => name.toString('latin1'));
  expect(found.sort()).toEqual(names.sort());
  for (const name of names) {
    expect(readFileSync(Buffer.concat([Buffer.from(`${directory}/`), bytes(name)]), 'utf8')).toMatch(
      /^e3b0c442/,
    );
  }
});

it('- is standard output', () => {
  const directory = fresh();
  const ran = leastwork(['hash', '--quiet', '-o', '-', '-'], { cwd: directory, input: '' });
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  expect(ran.stdout).toMatch(/^e3b0c442[\da-f]{56} {2}-\n$/);
  expect(readdirSync(directory)).toEqual([]);
});

it('where it cannot be made beside the file that it replaces, that is told', async () => {
  const directory = fresh();
  mkdirSync(join(directory, 'full'));
  // Root may write anywhere; a name that is too long is refused even for root.
  const name = 'x'.repeat(256);
  await expect(fileOutput(join(directory, name))).rejects.toThrow(
    expect.objectContaining({ code: 'ENAMETOOLONG' }),
  );
  expect(readdirSync(directory)).toEqual(['full']);
});

it.each([
  ['in a directory that is not there', 'nowhere/out', 'No such file or directory'],
  ['that is a directory', '.', 'Is a directory'],
  ['that is to be a directory', 'new/', 'Is a directory'],
  ['below a file', 'file/out', 'Not a directory'],
])('an output %s is an error', (_, path, message) => {
  const directory = fresh();
  writeFileSync(join(directory, 'file'), '');
  const ran = leastwork(['hash', '--output', path, '.'], { cwd: directory });
  expect(ran).toEqual({ code: 1, signal: null, stdout: '', stderr: `leastwork: ${path}: ${message}\n` });
  expect(readdirSync(directory)).toEqual(['file']);
});

it('a full disk is an error that is named', () => {
  const ran = leastwork(['hash', '--output', '/dev/full', '-'], { input: '' });
  expect(ran).toMatchObject({ code: 1, stderr: 'leastwork: /dev/full: No space left on device\n' });
});

it('a file that it replaces keeps its hard links, and so its other names', () => {
  const directory = fresh();
  writeFileSync(join(directory, 'out'), 'former');
  linkSync(join(directory, 'out'), join(directory, 'other'));
  const ran = leastwork(['hash', '--quiet', '-o', 'out', '-'], { cwd: directory, input: '' });
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  expect(readFileSync(join(directory, 'other'), 'utf8')).toMatch(/^e3b0c442/);
  expect(readdirSync(directory).sort()).toEqual(['other', 'out']);
});
