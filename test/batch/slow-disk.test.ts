import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { scratch } from '../support/scratch.js';

const PROGRAM = fileURLToPath(new URL('./programs/slow-disk.mjs', import.meta.url));

it('a disk that is slow is waited for once on the main thread, then elsewhere', () => {
  const directory = scratch();
  const [input, output] = [join(directory, 'in'), join(directory, 'out')];
  const lines = Array.from({ length: 60_000 }, (_, n) => `${n} ${'x'.repeat(100)}\n`).join('');
  writeFileSync(input, lines);
  const { stdout, stderr } = spawnSync(process.execPath, [PROGRAM, input, output], { encoding: 'utf8' });
  expect(stderr).toBe('');
  const { items, here } = JSON.parse(stdout);
  expect({ items, here }).toEqual({ items: 60_000, here: 1 });
  expect(readFileSync(output, 'utf8')).toBe(lines);
});
