import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { fileOutput } from '../../../dist/src/cli/manifest/file-output.js';
import { coreutils, MAIN } from '../../support/command.js';
import { scratch } from '../../support/scratch.js';

const root = scratch();
chmodSync(root, 0o755);

/** A user without privileges: nobody where the tests run as root, else the user who runs them. */
const isRoot = process.getuid!() === 0;
const user = isRoot ? 65534 : process.getuid!();
const group = isRoot ? 65534 : process.getgid!();

/** A directory of the user who runs the tests. */
function fresh(): string {
  const directory = mkdtempSync(join(root, 'replacement-'));
  writeFileSync(join(directory, 'a'), 'a');
  return directory;
}

function make(path: string, mode: number): void {
  writeFileSync(path, 'former content, which is longer than one line of a manifest is: '.repeat(3));
  chmodSync(path, mode);
}

/**
 * Runs `leastwork hash -o out a` as the user without privileges, who need not be able to read the command's
 * file.
 */
function hashInto(directory: string) {
  const script = `
    const Module = require('node:module');
    const [, main] = process.argv;
    const code = require('node:fs').readFileSync(main, 'utf8').replace(/^#!.*/, '');
    if (${isRoot}) {
      process.setgroups([]);
      process.setgid(${group});
      process.setuid(${user});
    }
    const command = new Module(main);
    process.argv = [process.argv[0], main, 'hash', '--quiet', '-o', 'out', 'a'];
    command._compile(code, main);`;
  return coreutils(process.execPath, ['-e', script, MAIN], { cwd: directory });
}

const manifest = 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb  a\n';
const temporaries = () => readdirSync(tmpdir()).filter((name) => /^\.out\..*\.tmp$/.test(name));

it('is written into where its directory cannot be written to', () => {
  const directory = fresh();
  const out = join(directory, 'out');
  make(out, 0o666);
  chmodSync(directory, 0o555);
  onTestFinished(() => chmodSync(directory, 0o755));
  const before = statSync(out);
  expect(hashInto(directory)).toMatchObject({ code: 0, stderr: '' });
  expect(readFileSync(out, 'utf8')).toBe(manifest);
  expect(statSync(out)).toMatchObject({ ino: before.ino, uid: before.uid, mode: before.mode });
  expect(temporaries()).toEqual([]);
});

it("is written into where it is another user's in a sticky directory", () => {
  const directory = fresh();
  const out = join(directory, 'out');
  make(out, 0o666);
  chmodSync(directory, 0o1777);
  const before = statSync(out);
  expect(hashInto(directory)).toMatchObject({ code: 0, stderr: '' });
  expect(readFileSync(out, 'utf8')).toBe(manifest);
  expect(statSync(out)).toMatchObject({ uid: before.uid, gid: before.gid, mode: before.mode });
  expect(readdirSync(directory).sort()).toEqual(['a', 'out']);
});

it("keeps its owner where another user's file is replaced", async () => {
  const out = join(fresh(), 'out');
  make(out, 0o640);
  chownSync(out, user, group);
  const output = await fileOutput(out);
  await output.writer.write('new');
  await output.commit();
  expect(readFileSync(out, 'utf8')).toBe('new');
  expect(statSync(out)).toMatchObject({ uid: user, gid: group, mode: 0o100640 });
});

it('is refused at once where it may not be written', () => {
  const directory = fresh();
  const out = join(directory, 'out');
  make(out, 0o444);
  chownSync(out, user, group);
  chmodSync(directory, 0o777);
  const before = readFileSync(out, 'utf8');
  expect(hashInto(directory)).toMatchObject({ code: 1, stderr: 'leastwork: out: Permission denied\n' });
  expect(readFileSync(out, 'utf8')).toBe(before);
  expect(readdirSync(directory).sort()).toEqual(['a', 'out']);
});

it('is refused where nobody may write it, also for the superuser', async () => {
  const out = join(fresh(), 'out');
  make(out, 0o444);
  await expect(fileOutput(out)).rejects.toMatchObject({ code: 'EACCES' });
});

it('is readable to nobody else before it has the permissions of the former file', async () => {
  const directory = fresh();
  make(join(directory, 'out'), 0o600);
  const output = await fileOutput(join(directory, 'out'));
  const temporary = readdirSync(directory).find((name) => name.endsWith('.tmp'))!;
  expect(statSync(join(directory, temporary)).mode & 0o077).toBe(0);
  output.discard();
});

it('where nothing can take its place, the temporary file stays and is named', async () => {
  const directory = fresh();
  const out = join(directory, 'out');
  make(out, 0o644);
  const output = await fileOutput(out);
  await output.writer.write(manifest);
  unlinkSync(out);
  mkdirSync(out);
  const failure = await output.commit().catch((error: Error) => error);
  output.discard();
  const temporary = readdirSync(directory).find((name) => name.endsWith('.tmp'))!;
  expect(failure).toMatchObject({
    message: `${out}: could not be replaced; the digests are in ${join(directory, temporary)}: Is a directory`,
  });
  expect(readFileSync(join(directory, temporary), 'utf8')).toBe(manifest);
});

it('a write that fails names the output, and leaves nothing', () => {
  const directory = fresh();
  const command = `ulimit -f 0; '${process.execPath}' '${MAIN}' hash --quiet -o out a`;
  expect(coreutils('sh', ['-c', command], { cwd: directory })).toMatchObject({
    code: 1,
    stderr: 'leastwork: out: File too large\n',
  });
  expect(readdirSync(directory)).toEqual(['a']);
});

const map = ['map', '--quiet', '-j', '1', '-e', 'line => line', '-o', 'out', 'a'];

it('the output of map keeps hard links and, for a privileged user, the owner', () => {
  const directory = fresh();
  const out = join(directory, 'out');
  make(out, 0o640);
  chownSync(out, user, group);
  linkSync(out, join(directory, 'other'));
  expect(coreutils(process.execPath, [MAIN, ...map], { cwd: directory })).toMatchObject({ code: 0 });
  expect(readFileSync(join(directory, 'other'), 'utf8')).toBe('a\n');
  unlinkSync(join(directory, 'other'));
  expect(coreutils(process.execPath, [MAIN, ...map], { cwd: directory })).toMatchObject({ code: 0 });
  expect(statSync(out)).toMatchObject({ uid: user, gid: group, mode: 0o100640 });
});
