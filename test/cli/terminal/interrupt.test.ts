import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, realpathSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { ended, MAIN, start } from '../../support/command.js';
import { scratch } from '../../support/scratch.js';

const directory = realpathSync(scratch());

beforeAll(() => {
  writeFileSync(join(directory, 'small'), 'small');
  // Sparse, and too large to be hashed before the signal comes.
  writeFileSync(join(directory, 'large'), '');
  truncateSync(join(directory, 'large'), 2 ** 40);
});

/** Waits until a process has a file open: then a worker is hashing it. */
async function until(pid: number, file: string): Promise<void> {
  const folder = `/proc/${pid}/fd`;
  const target = join(directory, file);
  const isOpen = (descriptor: string) => {
    try {
      return readlinkSync(join(folder, descriptor)) === target;
    } catch {
      return false;
    }
  };
  while (!readdirSync(folder).some(isOpen)) await setImmediate();
}

it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)(
  '%s in the middle of a large file stops at once and leaves no output',
  async (signal) => {
    const child = start(['hash', '--output', 'out', 'small', 'large'], directory);
    await until(child.pid!, 'large');
    expect(readdirSync(directory)).toHaveLength(3);
    child.kill(signal);
    expect(await ended(child)).toEqual({ code: null, signal });
    expect(readdirSync(directory).sort()).toEqual(['large', 'small']);
  },
);

it('also while a worker is blocked in a read', async () => {
  const child = start(['hash', '--output', 'out', '-'], directory);
  // More than a pipe holds: once all is written, a worker must be reading.
  await new Promise((resolve) => child.stdin!.write(Buffer.alloc(2_000_000), resolve));
  child.kill('SIGINT');
  expect(await ended(child)).toEqual({ code: null, signal: 'SIGINT' });
  expect(readdirSync(directory).sort()).toEqual(['large', 'small']);
});

it('a shell sees 130 after Ctrl-C', async () => {
  const script = '"$@"; echo $?';
  const shell = spawn('sh', ['-c', script, 'sh', process.execPath, MAIN, 'hash', 'large'], {
    cwd: directory,
  });
  let stdout = '';
  shell.stdout.on('data', (chunk) => (stdout += chunk));
  const [pid] = (await children(shell.pid!)) as [number];
  onTestFinished(() => {
    // In a test that passes it has ended by then.
    if (shell.exitCode === null) process.kill(pid, 'SIGKILL');
  });
  await until(pid, 'large');
  process.kill(pid, 'SIGINT');
  await ended(shell);
  expect(stdout).toBe('130\n');
});

/** Waits until a process has started child processes, and returns their ids. */
async function children(pid: number): Promise<number[]> {
  for (;;) {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    if (text !== '') return text.split(' ').map(Number);
    await setImmediate();
  }
}

it('a reader that has gone ends it quietly', async () => {
  const many = Array.from({ length: 5000 }, () => 'small');
  const child = start(['hash', ...many, 'large'], directory);
  let stderr = '';
  child.stderr!.on('data', (chunk) => (stderr += chunk));
  child.stdout!.destroy();
  expect(await ended(child)).toEqual({ code: 141, signal: null });
  expect(stderr).toBe('');
});
