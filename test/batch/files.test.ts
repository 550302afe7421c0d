import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { outputOfNode } from '../support/program.js';
import { scratch } from '../support/scratch.js';

const PROGRAM = fileURLToPath(new URL('./programs/files.mjs', import.meta.url));
const folder = scratch();
execFileSync('mkfifo', [join(folder, 'fifo')]);

it.each([
  ['a reader that comes later', 'complete "a\\nb\\n"\n'],
  ['no reader', 'interrupted 0\n'],
])('a FIFO as output does not block the main thread: %s', async (name, output) => {
  expect(await outputOfNode([PROGRAM, name, folder])).toBe(output);
});

it('all files are closed, also those of a batch that cannot begin', async () => {
  expect(await outputOfNode([PROGRAM, 'many files', folder])).toBe(`${'ENOENT\n'.repeat(3)}0\n`);
});
