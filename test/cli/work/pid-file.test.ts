/** Who has the pid file: one machine at a time, also of those that start together. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PidFile } from '../../../dist/src/cli/work/pid-file.js';
import { scratch } from '../../support/scratch.js';

const folder = scratch('pid-file-');
const pidFileUrl = new URL('../../../dist/src/cli/work/pid-file.js', import.meta.url).href;
const own = `${process.pid}\n`;
let files = 0;
const fresh = (): string => path.join(folder, `${++files}.pid`);

/** It counts as a machine by its command line. */
let other: ChildProcess;
beforeAll(() => {
  other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', 'work']);
});
afterAll(() => void other.kill('SIGKILL'));

test('a machine that has become ready meanwhile keeps the file', () => {
  const file = fresh();
  const pidFile = new PidFile(file);
  pidFile.mustBeFree();
  writeFileSync(file, `${other.pid}\n`);
  expect(() => pidFile.take(false)).toThrow(`process ${other.pid} has it and is running`);
  pidFile.leave();
  expect(readFileSync(file, 'utf8')).toBe(`${other.pid}\n`);
});

test('to take over is to end the one that has it then, and not who had it before', () => {
  const file = fresh();
  const pidFile = new PidFile(file);
  expect(pidFile.owner).toBeUndefined();
  writeFileSync(file, `${other.pid}\n`);
  expect(pidFile.take(true)).toBe(other.pid);
  expect(readFileSync(file, 'utf8')).toBe(own);
  expect(pidFile.isOwn).toBe(true);
  pidFile.leave();
  expect(existsSync(file)).toBe(false);
});

test('what a crash has left is nobody’s, and a link is followed', () => {
  for (const stale of ['', 'nonsense\n', '999999999\n', own]) {
    const file = fresh();
    writeFileSync(file, stale);
    expect(new PidFile(file).take(false)).toBeUndefined();
    expect(readFileSync(file, 'utf8')).toBe(own);
  }
  const [link, target] = [fresh(), fresh()];
  symlinkSync(target, link);
  expect(new PidFile(link).take(false)).toBeUndefined();
  expect(readFileSync(target, 'utf8')).toBe(own);
});

test('a file that cannot be written is named', () => {
  const file = fresh();
  mkdirSync(file);
  expect(() => new PidFile(file).take(false)).toThrow(`${file}: Is a directory`);
  const inNone = path.join(folder, 'none', 'pid');
  expect(() => new PidFile(inNone).take(false)).toThrow(`${inNone}: No such file or directory`);
});

test('without room for it, the machine that has it is named as before, and no empty file is left', () => {
  const [taken, free] = [fresh(), fresh()];
  writeFileSync(taken, `${other.pid}\n`);
  const take = `
    import { PidFile } from ${JSON.stringify(pidFileUrl)};
    for (const file of process.argv.slice(2)) {
      try { new PidFile(file).take(true); } catch ({ message }) { console.log(message); }
    }`;
  // As a full disk, for one process.
  const limited = ['-c', 'ulimit -f 0; exec "$0" "$@"', process.execPath];
  const { stdout } = spawnSync('sh', [...limited, '--input-type=module', '-e', take, 'work', taken, free], {
    encoding: 'utf8',
  });
  expect(stdout).toBe(`${taken}: File too large\n${free}: File too large\n`);
  expect(readFileSync(taken, 'utf8')).toBe(`${other.pid}\n`);
  expect(existsSync(free)).toBe(false);
});

// To become another user takes root.
test.runIf(process.getuid?.() === 0)('who may not end the one that has it does not take over', () => {
  const file = fresh();
  chmodSync(folder, 0o755);
  const take = `
    import { PidFile } from ${JSON.stringify(pidFileUrl)};
    process.setuid(65_534);
    const pidFile = new PidFile(${JSON.stringify(file)});
    for (const step of [() => pidFile.mustYield(), () => pidFile.take(true)])
      try { step(); } catch ({ message }) { console.log(message); }`;
  writeFileSync(file, `${other.pid}\n`);
  chmodSync(file, 0o666);
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', take, 'work'], {
    encoding: 'utf8',
  });
  const why = `${file}: process ${other.pid} has it, and may not be ended by this user; take over as its user, or as root\n`;
  expect(stdout).toBe(why + why);
  expect(readFileSync(file, 'utf8')).toBe(`${other.pid}\n`);
});

test('a file that is somebody’s, and named by mistake, is not written over', () => {
  const file = fresh();
  const text = 'export const sha256 = (text) => hash(text);\n';
  writeFileSync(file, text);
  const why = `${file}: it is no pid file, and would be written over: it has more than a number`;
  expect(() => new PidFile(file).mustBeFree()).toThrow(why);
  expect(() => new PidFile(file).take(true)).toThrow(why);
  new PidFile(file).leave();
  expect(readFileSync(file, 'utf8')).toBe(text);
});
