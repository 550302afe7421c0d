/** Standard input that is a file, or none that can be read. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { coreutils, MAIN } from '../../support/command.js';
import { scratch } from '../../support/scratch.js';

const directory = scratch('stdin');

/** `$L` is the command. */
function sh(script: string) {
  const program = `L() { '${process.execPath}' '${MAIN}' "$@"; }; ${script}`;
  const { code, stdout, stderr } = coreutils('sh', ['-c', program], { cwd: directory });
  return { code, stdout, stderr };
}

const lines = (count: number) => Array.from({ length: count }, (_, n) => `line ${n}\n`).join('');

describe('a file on standard input', () => {
  test.each([
    ['small', 10],
    ['large enough for threads to read it', 2_000_000],
  ])('is read from where it stands (%s)', (_, count) => {
    writeFileSync(join(directory, 'in'), lines(count));
    const { code } = sh(`{ read header; L map --quiet -e 'l => l' -o out; } < in`);
    expect(code).toBe(0);
    expect(readFileSync(join(directory, 'out'), 'utf8') === lines(count).slice('line 0\n'.length)).toBe(true);
  });

  test('a journal notices that it stands elsewhere', () => {
    writeFileSync(join(directory, 'in'), lines(10));
    const command = `L map --quiet -e 'l => l' -o j.out --journal journal --resume`;
    expect(sh(`{ read header; ${command}; } < in`).code).toBe(0);
    expect(sh(`{ read header; ${command}; } < in`).code).toBe(0);
    const { code, stderr } = sh(`${command} < in`);
    expect(code).toBe(2);
    expect(stderr).toContain('had 63 bytes and has 70');
  });
});

describe('a directory on standard input', () => {
  test.each([
    ["map -e 'l => l'", 2],
    ["map --dry-run -e 'l => l'", 2],
    ['hash', 1],
    ['hash --check', 1],
    ['hash --files-from -', 1],
  ])('%s', (args, exit) => {
    const { code, stderr } = sh(`L ${args} < .`);
    expect(stderr).toMatch(/directory/i);
    expect(code).toBe(exit);
  });
});
