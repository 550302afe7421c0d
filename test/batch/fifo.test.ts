import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { scratch } from '../support/scratch.js';

const PROGRAM = fileURLToPath(new URL('./programs/fifo.mjs', import.meta.url));

it('a FIFO without a writer does not block the main thread', () => {
  const fifo = join(scratch(), 'fifo');
  execFileSync('mkfifo', [fifo]);
  const { stdout, signal } = spawnSync(process.execPath, [PROGRAM, fifo], {
    encoding: 'utf8',
    timeout: 50_000,
    killSignal: 'SIGKILL',
  });
  expect({ stdout, signal }).toEqual({ stdout: '2 items\n', signal: null });
});
