/** Machines that find the same stale pid file at the same moment: one gets it. */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { PidFile } from '../../../dist/src/cli/work/pid-file.js';
import { scratch } from '../../support/scratch.js';

const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
const ROUNDS = 300;
const RACERS = 3;
const STALE = '999999999';
const root = scratch('pid-race-');
chmodSync(root, 0o755);
let folders = 0;
function fresh(): string {
  const folder = join(root, String(++folders));
  mkdirSync(folder);
  return folder;
}

const pidFile = new URL('../../../dist/src/cli/work/pid-file.js', import.meta.url).href;

/** Takes one file after the other, each at the moment in which the others do, and tells which it got. */
const racer = `
  import { PidFile } from ${JSON.stringify(pidFile)};
  const now = () => performance.timeOrigin + performance.now();
  process.on('message', ({ isNobody, files, begin, every }) => {
    if (isNobody) process.setuid(${NOBODY});
    const got = [];
    for (const [i, file] of files.entries()) {
      while (now() < begin + i * every);
      try {
        new PidFile(file).take(false);
        got.push(i);
      } catch {}
    }
    process.send(got);
  });
  process.send('ready');`;

function said(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => child.once('message', resolve));
}

interface Place {
  readonly name: string;
  /** A machine was killed while it took the file. */
  readonly isLocked?: boolean;
  /** The folder is another user's. */
  readonly isForeign?: boolean;
  /** The folder is that of one of them; the others may write the files alone. */
  readonly isShared?: boolean;
}

const places: readonly Place[] = [
  { name: 'a stale file' },
  { name: 'one that is locked by the dead', isLocked: true },
  { name: 'one in a folder of another user', isForeign: true },
  // To become another user takes root.
  ...(isRoot ? [{ name: 'one in a folder of one of them', isShared: true }] : []),
];

test.for(places)('of several that take $name at once, one has it', async (place) => {
  const { isLocked = false, isForeign = false, isShared = false } = place;
  const folder = fresh();
  const temporary = fresh();
  const files = Array.from({ length: ROUNDS }, (_, i) => join(folder, `${i}.pid`));
  for (const file of files) {
    writeFileSync(file, `${STALE}\n`);
    if (isLocked) symlinkSync(STALE, `${file}.lock`);
    if (isForeign && isRoot) chownSync(file, NOBODY, NOBODY);
    if (isShared) chmodSync(file, 0o666);
  }
  chmodSync(temporary, 0o777);
  chmodSync(folder, isForeign ? 0o555 : 0o755);
  const racers = Array.from({ length: RACERS }, () =>
    // It counts as a machine by its command line.
    spawn(process.execPath, ['--input-type=module', '-e', racer, 'work'], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, TMPDIR: temporary },
    }),
  );
  onTestFinished(() => {
    for (const child of racers) child.kill('SIGKILL');
  });
  await Promise.all(racers.map(said));
  const results = racers.map(said);
  for (const [i, child] of racers.entries()) {
    // Nothing is refused to root.
    const isNobody = isRoot && (isForeign || (isShared && i > 0));
    child.send({ isNobody, files, begin: Date.now() + 50, every: 2 });
  }
  const got = (await Promise.all(results)) as number[][];
  for (const [i, file] of files.entries()) {
    const owners = racers.filter((_, racer) => got[racer]?.includes(i)).map(({ pid }) => `${pid}\n`);
    expect(owners, file).toEqual([readFileSync(file, 'utf8')]);
  }
  expect(readdirSync(folder).sort()).toEqual(files.map((file) => basename(file)).sort());
  expect(readdirSync(temporary)).toEqual([]);
});

test('a file of somebody else that is called as the lock would be stays as it is', () => {
  const folder = fresh();
  const file = join(folder, 'pid');
  writeFileSync(`${file}.lock`, 'mine');
  const taken = new PidFile(file);
  expect(taken.take(false)).toBeUndefined();
  taken.leave();
  expect(readdirSync(folder)).toEqual(['pid.lock']);
  expect(readFileSync(`${file}.lock`, 'utf8')).toBe('mine');
});

test('a machine that takes it all too long is named', () => {
  const folder = fresh();
  const file = join(folder, 'pid');
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', 'work']);
  onTestFinished(() => void other.kill('SIGKILL'));
  symlinkSync(String(other.pid), `${file}.lock`);
  expect(() => new PidFile(file).take(false)).toThrow(
    `${file}: process ${other.pid} is writing it (${file}.lock)`,
  );
});
