import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { leastwork } from '../../support/command.js';
import { scratch } from '../../support/scratch.js';

const directory = scratch('map-start');
const THREAD = '() => require("node:worker_threads").threadId';
const LINES = 'x\n'.repeat(2_000);

function threadsOf(args: readonly string[], input: string) {
  const { code, stdout, stderr } = leastwork(['map', '--quiet', ...args], { cwd: directory, input });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return new Set(stdout.trimEnd().split('\n').map(Number));
}

test('there are as many threads as are wanted, and no others', () => {
  // Others would have higher numbers.
  expect(Math.max(...threadsOf(['-j', '2', '-e', THREAD], LINES))).toBeLessThanOrEqual(2);
});

test('one that dies is replaced', () => {
  // The item waits for its second run while the next one runs.
  const last = 'l => { if (l === "die") process.exit(); return require("node:worker_threads").threadId; }';
  const args = ['-j', '1', '--retries', '1', '--retry-delay', '3s', '-e', last];
  const { code, stdout } = leastwork(['map', '--quiet', ...args], { cwd: directory, input: 'a\ndie\nb\n' });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '1\n2\n' });
});

test('threads with an environment of their own are started with it', () => {
  const args = ['-j', '1', '--env', 'GREETING=hi', '-e', '() => process.env.GREETING'];
  expect(leastwork(['map', '--quiet', ...args], { cwd: directory, input: 'x\n' }).stdout).toBe('hi\n');
});

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const keepsCompiled = major > 22 || (major === 22 && minor >= 1);

test('what Node compiles is kept, in the folder that the user names, where this Node can do so', () => {
  const cache = join(directory, 'cache');
  mkdirSync(cache);
  vi.stubEnv('NODE_COMPILE_CACHE', cache);
  const { stdout } = leastwork(['map', '--quiet', '-j', '1', '-e', 'l => l'], {
    cwd: directory,
    input: 'x\n',
  });
  vi.unstubAllEnvs();
  expect(stdout).toBe('x\n');
  expect(readdirSync(cache).length > 0).toBe(keepsCompiled);
});

test('threads keep it, too, in the same folder', () => {
  const temporary = join(directory, 'temporary');
  mkdirSync(temporary);
  vi.stubEnv('TMPDIR', temporary);
  const cacheOf = `() => process.env.NODE_COMPILE_CACHE ?? process.getBuiltinModule?.('module').getCompileCacheDir?.() ?? ''`;
  const { stdout } = leastwork(['map', '--quiet', '-j', '1', '-e', cacheOf], {
    cwd: directory,
    input: 'x\n',
  });
  vi.unstubAllEnvs();
  const folders = keepsCompiled ? readdirSync(join(temporary, 'node-compile-cache')) : [];
  expect(stdout.trim()).toBe(keepsCompiled ? join(temporary, 'node-compile-cache', String(folders)) : '');
});

test('what compresses and what encrypts is loaded only where something of it is used', () => {
  const report = join(directory, 'report.cjs');
  const list = join(directory, 'loaded');
  writeFileSync(
    report,
    `process.once('exit', () => {
      if (require('node:worker_threads').isMainThread)
        require('node:fs').writeFileSync(${JSON.stringify(list)}, process.moduleLoadList.join('\\n'));
    });`,
  );
  const loaded = (...args: string[]) => {
    vi.stubEnv('NODE_OPTIONS', `--require=${report}`);
    const { code } = leastwork(['map', '--quiet', '-j', '1', '-e', 'l => l', ...args], {
      cwd: directory,
      input: 'x\n',
    });
    vi.unstubAllEnvs();
    expect(code).toBe(0);
    const modules = readFileSync(list, 'utf8').split('\n');
    return ['crypto', 'zlib'].filter((name) => modules.includes(`NativeModule ${name}`));
  };
  expect(loaded()).toEqual([]);
  expect(loaded('--output', 'out')).toEqual([]);
  expect(loaded('--output', 'out.gz')).toEqual(['zlib']);
});
