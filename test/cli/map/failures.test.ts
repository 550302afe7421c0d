import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ended, leastwork, MAIN, start } from '../../support/command.js';
import { range } from '../../support/range.js';
import { scratch } from '../../support/scratch.js';

const directory = scratch('map');
const lines = (count: number) => Array.from({ length: count }, (_, i) => `${i + 1}\n`).join('');

function map(args: readonly string[], input = '') {
  return leastwork(['map', '--quiet', ...args], { cwd: directory, input });
}

const read = (name: string) => readFileSync(join(directory, name), 'utf8');
const errorsIn = (name: string) =>
  read(name)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

test('an item that fails runs once, also where there is no room for the results before it', () => {
  const fn = 'l => { console.log(l); if (l % 3 === 0) throw new Error("no"); return "-".repeat(300) }';
  const { stderr } = map(['-e', fn, '--errors', 'room.err', '-o', 'room.out'], lines(3_000));
  expect(stderr.trim().split('\n').sort()).toEqual(lines(3_000).trim().split('\n').sort());
  expect(errorsIn('room.err').map(({ line }) => line)).toEqual(range(1, 1_001).map((n) => 3 * n));
  expect(read('room.out').split('\n').length).toBe(2_001);
});

describe('--retries', () => {
  // Each thread has its own count, so more attempts than threads reach it.
  const flaky = `l => {
    globalThis.seen ??= new Map();
    const runs = (globalThis.seen.get(l) ?? 0) + 1;
    globalThis.seen.set(l, runs);
    if (l % 3 === 0 && runs < 2) throw new Error('not yet');
    return l;
  }`;

  test('runs what has thrown again, and keeps the order', () => {
    const { stdout, code } = map(['--retries', '4', '--retry-delay', '1ms', '-e', flaky], lines(100));
    expect(stdout).toBe(lines(100));
    expect(code).toBe(0);
  });

  test('what fails each time has failed, once', () => {
    const fn = 'l => { if (l % 10 === 0) throw new Error("never"); return l }';
    const { stdout, code } = map(
      ['--retries', '2', '--retry-delay', '1ms', '-e', fn, '--errors', 'never.err'],
      lines(30),
    );
    expect(code).toBe(1);
    expect(stdout.trim().split('\n').length).toBe(27);
    expect(errorsIn('never.err').map(({ line, offset, item }) => [line, offset, item])).toEqual([
      [10, 18, '10'],
      [20, 48, '20'],
      [30, 78, '30'],
    ]);
  });

  test('runs what has ended its thread again', () => {
    writeFileSync(
      join(directory, 'dies-once.mjs'),
      `import { existsSync, writeFileSync } from 'node:fs';
       export function f(l) {
         if (l % 25 === 0 && !existsSync('died-' + l)) {
           writeFileSync('died-' + l, '');
           process.exit(1);
         }
         return l;
       }`,
    );
    const { stdout, code } = map(['--retries', '1', '--retry-delay', '1ms', './dies-once.mjs#f'], lines(100));
    expect(stdout).toBe(lines(100));
    expect(code).toBe(0);
  });
});

test.each([
  ['computes', 'l => { if (l === "5") for (;;); return l }'],
  ['waits', 'async l => { if (l === "5") await new Promise(() => {}); return l }'],
])('--timeout: an item that %s for ever fails alone', (_, fn) => {
  const { stdout, code } = map(['--timeout', '900ms', '-e', fn, '--errors', 'time.err'], lines(40));
  expect(stdout).toBe(lines(40).replace('\n5\n', '\n'));
  expect(code).toBe(1);
  expect(errorsIn('time.err')).toEqual([
    { line: 5, offset: 8, item: '5', name: 'TaskTimeoutError', message: 'did not finish within 900 ms' },
  ]);
});

describe('--halt', () => {
  const fn = 'async l => { await null; if (l % 5 === 0) throw new Error(l); return l }';

  test.each(['now,fail=3', 'soon,fail=3', 'soon,fail=10%'])('%s gives up, with exit code 1', (rule) => {
    writeFileSync(join(directory, 'numbers'), lines(200_000));
    const { stdout, stderr, code } = map(['--halt', rule, '-e', fn, 'numbers']);
    expect(code).toBe(1);
    expect(stderr).toContain('halted after');
    // What was written is a beginning of the whole.
    expect(
      lines(200_000)
        .replace(/^\d*[05]\n/gm, '')
        .startsWith(stdout),
    ).toBe(true);
    expect(stdout.length).toBeLessThan(1_000_000);
  });

  test('does not, where there are fewer failures', () => {
    expect(map(['--halt', 'soon,fail=30%', '-e', fn], lines(20)).stdout.split('\n').length).toBe(17);
  });

  test('tells what it halts after, also before the turn of its line has come', () => {
    // The first two lines wait until a later one has failed.
    const fn = `n => {
      if (n < 3) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
      if (n === '900') throw new RangeError('no 900');
      return n;
    }`;
    const options = ['--halt', 'now,fail=1', '-e', fn, '-j', '2'];
    const { stderr, code } = leastwork(['map', ...options], { cwd: directory, input: lines(1_000) });
    expect(stderr).toContain('failed: line 900: RangeError: no 900');
    expect(code).toBe(1);
    // Errors are told however quiet it is to be.
    const quiet = leastwork(['map', '--quiet', ...options], { cwd: directory, input: lines(1_000) });
    expect(quiet.stderr).toMatch(
      /^leastwork: line 900: RangeError: no 900\nleastwork: halted after 1 failed item;.*\n$/,
    );
  });
});

describe('Ctrl-C', () => {
  const says =
    'l => { if (l === "3") process._rawDebug("now"); const end = performance.now() + 50; while (performance.now() < end); return l }';

  test('once: finishes what runs, writes what is done, dies of the signal', async () => {
    writeFileSync(join(directory, 'numbers'), lines(5_000));
    const child = start(['map', '-e', says, 'numbers'], directory);
    let [out, err] = ['', ''];
    child.stdout?.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      if (`${chunk}`.includes('now')) child.kill('SIGINT');
      err += chunk;
    });
    expect(await ended(child)).toEqual({ code: null, signal: 'SIGINT' });
    expect(out).not.toBe('');
    expect(lines(5_000).startsWith(out)).toBe(true);
    expect(err).toContain('finishing the items that run');
    expect(err).toContain('interrupted; with --journal FILE and --output FILE a batch can be gone on with');
  });

  test('twice: ends at once, although an item runs, and leaves no half a file', async () => {
    const fn = 'l => { process._rawDebug("now"); for (;;); }';
    const child = start(['map', '-e', fn, 'numbers', '-o', 'twice.out'], directory);
    let signals = 0;
    child.stderr?.on('data', (chunk) => {
      const wanted = signals === 0 ? 'now' : 'once more';
      if (!`${chunk}`.includes(wanted)) return;
      signals++;
      child.kill('SIGINT');
    });
    expect(await ended(child)).toEqual({ code: null, signal: 'SIGINT' });
    expect(existsSync(join(directory, 'twice.out'))).toBe(false);
    expect(readdirSync(directory).filter((name) => name.includes('twice'))).toEqual([]);
  });
});

describe('output that fails', () => {
  test('a closed pipe ends the command, without a word', () => {
    const command = `seq 1 300000 | "${process.execPath}" "${MAIN}" map --quiet -e 'l => l' | head -n 1; echo "\${PIPESTATUS[1]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8' });
    expect(stdout).toBe('1\n141\n');
    expect(stderr).toBe('');
  });

  test.skipIf(!existsSync('/dev/full'))('a full disk: exit code 2, and the name of the file', () => {
    const { code, stderr } = map(['-e', 'l => l', '-o', '/dev/full'], lines(10));
    expect(code).toBe(2);
    expect(stderr).toBe('leastwork: /dev/full: No space left on device\n');
  });

  test('an output that has no room goes on with --resume when it has', () => {
    const input = lines(200_000);
    writeFileSync(join(directory, 'large'), input);
    const args = `map --quiet -e 'l => l' large -o room.out --journal room.journal --resume`;
    const run = (limit: string) =>
      spawnSync('bash', ['-c', `ulimit -f ${limit}; exec "${process.execPath}" "${MAIN}" ${args}`], {
        cwd: directory,
        encoding: 'utf8',
      });
    const full = run('400');
    expect(full.stderr).toBe(
      'leastwork: room.out: File too large\nleastwork: what is done is kept: run the same command with --resume to go on\n',
    );
    expect(full.status).toBe(2);
    expect(run('unlimited').status).toBe(0);
    expect(read('room.out')).toBe(input);
  });
});
