import { execFileSync } from 'node:child_process';
import fs, {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { fromText } from '../../../dist/src/cli/files/bytes.js';
import { Mounts } from '../../../dist/src/cli/files/mounts.js';
import { Places } from '../../../dist/src/cli/files/places.js';
import { type FoundFile, type WalkHooks, walk } from '../../../dist/src/cli/files/walk.js';
import { collect } from '../../support/collect.js';
import { makeOddTree } from '../../support/odd-names.js';
import { scratch } from '../../support/scratch.js';

const root = scratch();
const noErrors = {
  onError(path: string, error: unknown) {
    throw new Error(path, { cause: error });
  },
};
const fresh = () => mkdtempSync(join(root, 'walk-'));

/** The files one by one. */
async function* filesOf(paths: string[], hooks: WalkHooks = noErrors): AsyncGenerator<FoundFile> {
  for await (const group of walk(paths.map(fromText), new Places(), hooks)) yield* group;
}

async function list(...paths: string[]): Promise<string[]> {
  return (await collect(filesOf(paths))).map(({ path }) => path);
}

function find(directory: string): string[] {
  const found = execFileSync('find', [directory, '-type', 'f', '-print0']).toString('latin1');
  return found.split('\0').slice(0, -1).sort();
}

it('gives every regular file in bytewise order of the paths', async () => {
  const tree = fresh();
  makeOddTree(tree);
  for (const directory of ['a', 'a.d', 'a-d', 'b/c/d/e'])
    mkdirSync(join(tree, directory), { recursive: true });
  for (const file of ['a/x', 'a.d/x', 'a-d/x', 'a.txt', 'a-txt', 'b/c/d/e/f', 'b/c/z', 'b/c/d.x']) {
    writeFileSync(join(tree, file), '');
  }
  mkdirSync(join(tree, 'empty'));
  expect(await list(tree)).toEqual(find(tree));
});

it('gives more files than one read of a directory returns', async () => {
  const tree = fresh();
  for (let i = 0; i < 1000; i++) writeFileSync(join(tree, `${i}`), '');
  expect(await list(tree)).toEqual(find(tree));
});

it('neither follows nor lists symbolic links and special files of a tree, but follows one that is named', async () => {
  const tree = fresh();
  mkdirSync(join(tree, 'real'));
  writeFileSync(join(tree, 'real/file'), '');
  symlinkSync('file', join(tree, 'real/link'));
  symlinkSync('..', join(tree, 'real/circle'));
  symlinkSync('nowhere', join(tree, 'real/broken'));
  symlinkSync('real', join(tree, 'named'));
  execFileSync('mkfifo', [join(tree, 'real/fifo')]);
  expect(await list(join(tree, 'real'))).toEqual([join(tree, 'real/file')]);
  expect(await list(join(tree, 'named'))).toEqual([join(tree, 'named/file')]);
});

it('gives named paths in the order given, unexamined where they are no directories', async () => {
  const tree = fresh();
  writeFileSync(join(tree, 'b'), '');
  const named = [join(tree, 'b'), join(tree, 'nowhere'), join(tree, 'b/below'), '-'];
  expect(await list(...named)).toEqual(named);
});

it('puts one slash between a directory and its entries', async () => {
  const tree = fresh();
  writeFileSync(join(tree, 'file'), '');
  expect(await list(`${tree}/`)).toEqual([`${tree}/file`]);
});

it('reports a directory that has vanished, and goes on', async () => {
  const tree = fresh();
  for (const name of ['a', 'b', 'c']) {
    mkdirSync(join(tree, name));
    writeFileSync(join(tree, name, 'file'), '');
  }
  const errors: [string, unknown][] = [];
  const walking = filesOf([tree], {
    onError: (path, error) => errors.push([path, (error as { code: string }).code]),
  });
  expect((await walking.next()).value).toMatchObject({ path: join(tree, 'a/file') });
  rmSync(join(tree, 'b'), { recursive: true });
  expect(await collect(walking)).toMatchObject([{ path: join(tree, 'c/file') }]);
  expect(errors).toEqual([[join(tree, 'b'), 'ENOENT']]);
});

it('reports a directory that has become a file', async () => {
  const tree = fresh();
  mkdirSync(join(tree, 'b'));
  writeFileSync(join(tree, 'a'), '');
  const errors: unknown[] = [];
  const walking = filesOf([tree], { onError: (_, error) => errors.push((error as { code: string }).code) });
  await walking.next();
  rmSync(join(tree, 'b'), { recursive: true });
  renameSync(join(tree, 'a'), join(tree, 'b'));
  expect(await collect(walking)).toEqual([]);
  expect(errors).toEqual(['ENOTDIR']);
});

it('leaves out what it is told to', async () => {
  const tree = fresh();
  mkdirSync(join(tree, 'other'));
  for (const name of ['a', 'b', 'c', 'other/b']) writeFileSync(join(tree, name), '');
  const here = statSync(tree);
  const former = statSync(join(tree, 'c'));
  const leftOut = {
    names: ['b'],
    isIn: ({ ino }: { ino: number }) => ino === here.ino,
    has: ({ ino }: { ino: number }) => ino === former.ino,
  };
  const files = await collect(filesOf([tree, join(tree, 'b'), join(tree, 'c')], { ...noErrors, leftOut }));
  expect(files.map(({ path }) => path)).toEqual(['a', 'c', 'other/b'].map((name) => join(tree, name)));
});

it('reads a directory only when it comes to it', async () => {
  const tree = fresh();
  for (const name of ['a', 'b']) mkdirSync(join(tree, name));
  writeFileSync(join(tree, 'a/1'), '');
  const walking = filesOf([tree]);
  await walking.next();
  writeFileSync(join(tree, 'b/late'), '');
  expect(await collect(walking)).toMatchObject([{ path: join(tree, 'b/late') }]);
});

/** Fails each call that would make the main thread wait for these paths. */
function forbid(isForbidden: (path: string, call: string) => boolean): void {
  const names = [
    'statSync',
    'lstatSync',
    'opendirSync',
    'readdirSync',
    'realpathSync',
    'statfsSync',
  ] as const;
  const originals = names.map((name) => [name, fs[name]] as const);
  onTestFinished(() => {
    Object.assign(fs, Object.fromEntries(originals));
    syncBuiltinESMExports();
  });
  for (const [name, original] of originals) {
    const guarded = (path: string | Buffer, ...others: unknown[]): unknown => {
      if (isForbidden(String(path), name)) throw new Error(`${name} of ${path}`);
      return (original as (...args: unknown[]) => unknown)(path, ...others);
    };
    Object.assign(fs, { [name]: guarded });
  }
  syncBuiltinESMExports();
}

it.runIf(process.platform === 'linux')(
  'leaves to other threads what is not on a local disk, and so may stall',
  async () => {
    const tree = fresh();
    writeFileSync(join(tree, 'file'), '');
    symlinkSync('/proc/sys/kernel/random', join(tree, 'elsewhere'));
    symlinkSync('/proc/self/status', join(tree, 'status'));
    // The link itself lies on the local disk.
    const isLink = (path: string, call: string) => path.endsWith('elsewhere') && call !== 'lstatSync';
    forbid((path, call) => path.startsWith('/proc') || isLink(path, call));
    const given = [
      '/proc/sys/kernel/random',
      join(tree, 'elsewhere'),
      join(tree, 'status'),
      '/proc/version',
      tree,
    ];
    const files = await collect(filesOf(given));
    const notLocal = files.filter(({ regular }) => !regular).map(({ path }) => path);
    expect(notLocal).toContain('/proc/sys/kernel/random/uuid');
    expect(notLocal).toContain(join(tree, 'elsewhere/uuid'));
    expect(notLocal.slice(-2)).toEqual([join(tree, 'status'), '/proc/version']);
    expect(files.at(-1)).toEqual({ path: join(tree, 'file'), regular: true });
  },
);

it.runIf(process.platform === 'linux')('also where that is mounted within what is local', async () => {
  const tree = '/dev';
  const mounts = Mounts.read();
  expect([mounts.isLocal(tree), mounts.isLocal(`${tree}/pts`)]).toEqual([true, false]);
  forbid((path) => path.startsWith(`${tree}/pts`));
  const errors: unknown[] = [];
  await collect(filesOf([tree], { onError: (path, error) => errors.push([path, error]) }));
  expect(errors).toEqual([]);
});

it('knows by the list of mounts what is local: the nearest one above counts, of several the last', () => {
  const list = [
    '26 1 254:0 / / rw,relatime - ext4 /dev/vda rw',
    '30 26 0:40 / /net rw shared:1 - nfs4 server:/ rw',
    '31 30 0:41 / /net/local rw - tmpfs tmpfs rw',
    '32 26 0:42 / /two rw - tmpfs tmpfs rw',
    '33 26 0:43 / /two rw shared:1 master:2 - fuse.sshfs host: rw',
    '34 26 0:44 / /a\\040b rw - cifs //host/share rw',
  ];
  const mounts = new Mounts(list.join('\n'));
  const paths = ['/', '/home/x', '/net', '/net/x', '/net/local/x', '/network', '/two', '/a b/c', '/a'];
  expect(paths.filter((path) => mounts.isLocal(path))).toEqual([
    '/',
    '/home/x',
    '/net/local/x',
    '/network',
    '/a',
  ]);
  expect(['/', '/net', '/net/local', '/two'].filter((path) => mounts.hasOtherBelow(path))).toEqual(['/']);
  expect(['/', '/net', '/two', '/a b', '/a'].filter((path) => mounts.hasOtherAt(path))).toEqual([
    '/net',
    '/two',
    '/a b',
  ]);
  expect(new Mounts('').isLocal('/home')).toBe(false);
});
