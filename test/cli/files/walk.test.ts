import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fromText } from '../../../dist/src/cli/files/bytes.js';
import { walk } from '../../../dist/src/cli/files/walk.js';
import { makeOddTree } from '../../support/odd-names.js';
import { scratch } from '../../support/scratch.js';

const root = scratch();
const noErrors = {
  onError(path: string, error: unknown) {
    throw new Error(path, { cause: error });
  },
};
const fresh = () => mkdtempSync(join(root, 'walk-'));
const list = (...paths: string[]) => [...walk(paths.map(fromText), noErrors)];

function find(directory: string): string[] {
  const found = execFileSync('find', [directory, '-type', 'f', '-print0']).toString('latin1');
  return found.split('\0').slice(0, -1).sort();
}

it('gives every regular file in bytewise order of the paths', () => {
  const tree = fresh();
  makeOddTree(tree);
  for (const directory of ['a', 'a.d', 'a-d', 'b/c/d/e'])
    mkdirSync(join(tree, directory), { recursive: true });
  for (const file of ['a/x', 'a.d/x', 'a-d/x', 'a.txt', 'a-txt', 'b/c/d/e/f', 'b/c/z', 'b/c/d.x']) {
    writeFileSync(join(tree, file), '');
  }
  mkdirSync(join(tree, 'empty'));
  expect(list(tree)).toEqual(find(tree));
});

it('gives more files than one read of a directory returns', () => {
  const tree = fresh();
  for (let i = 0; i < 1000; i++) writeFileSync(join(tree, `${i}`), '');
  expect(list(tree)).toEqual(find(tree));
});

it('neither follows nor lists symbolic links and special files of a tree, but follows one that is named', () => {
  const tree = fresh();
  mkdirSync(join(tree, 'real'));
  writeFileSync(join(tree, 'real/file'), '');
  symlinkSync('file', join(tree, 'real/link'));
  symlinkSync('..', join(tree, 'real/circle'));
  symlinkSync('nowhere', join(tree, 'real/broken'));
  symlinkSync('real', join(tree, 'named'));
  execFileSync('mkfifo', [join(tree, 'real/fifo')]);
  expect(list(join(tree, 'real'))).toEqual([join(tree, 'real/file')]);
  expect(list(join(tree, 'named'))).toEqual([join(tree, 'named/file')]);
});

it('gives named paths in the order given, unexamined where they are no directories', () => {
  const tree = fresh();
  writeFileSync(join(tree, 'b'), '');
  const named = [join(tree, 'b'), join(tree, 'nowhere'), join(tree, 'b/below'), '-'];
  expect(list(...named)).toEqual(named);
});

it('puts one slash between a directory and its entries', () => {
  const tree = fresh();
  writeFileSync(join(tree, 'file'), '');
  expect(list(`${tree}/`)).toEqual([`${tree}/file`]);
});

it('reports a directory that has vanished, and goes on', () => {
  const tree = fresh();
  for (const name of ['a', 'b', 'c']) {
    mkdirSync(join(tree, name));
    writeFileSync(join(tree, name, 'file'), '');
  }
  const errors: [string, unknown][] = [];
  const walking = walk([tree], {
    onError: (path, error) => errors.push([path, (error as { code: string }).code]),
  });
  expect(walking.next().value).toBe(join(tree, 'a/file'));
  rmSync(join(tree, 'b'), { recursive: true });
  expect([...walking]).toEqual([join(tree, 'c/file')]);
  expect(errors).toEqual([[join(tree, 'b'), 'ENOENT']]);
});

it('reports a directory that has become a file', () => {
  const tree = fresh();
  mkdirSync(join(tree, 'b'));
  writeFileSync(join(tree, 'a'), '');
  const errors: unknown[] = [];
  const walking = walk([tree], { onError: (_, error) => errors.push((error as { code: string }).code) });
  walking.next();
  rmSync(join(tree, 'b'), { recursive: true });
  renameSync(join(tree, 'a'), join(tree, 'b'));
  expect([...walking]).toEqual([]);
  expect(errors).toEqual(['ENOTDIR']);
});

it('leaves out what it is told to', () => {
  const tree = fresh();
  for (const name of ['a', 'b', 'c']) writeFileSync(join(tree, name), '');
  const skip = (path: string) => path.endsWith('/b');
  expect([...walk([tree], { ...noErrors, skip })]).toEqual([join(tree, 'a'), join(tree, 'c')]);
});

it('reads a directory only when it comes to it', () => {
  const tree = fresh();
  for (const name of ['a', 'b']) mkdirSync(join(tree, name));
  writeFileSync(join(tree, 'a/1'), '');
  const walking = walk([tree], noErrors);
  walking.next();
  writeFileSync(join(tree, 'b/late'), '');
  expect([...walking]).toEqual([join(tree, 'b/late')]);
});
