/** Who reads the output, or the messages, goes away. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { leastwork, MAIN } from '../support/command.js';
import { scratch } from '../support/scratch.js';

const directory = scratch('pipes');
const lines = Array.from({ length: 2_000 }, (_, i) => `${i}\n`).join('');

/** In a shell, where `$LEASTWORK` is the command. */
function shell(script: string) {
  const env = { ...process.env, LEASTWORK: `${process.execPath} ${MAIN}` };
  const { stdout, stderr } = spawnSync('bash', ['-c', script], { cwd: directory, env, encoding: 'utf8' });
  return { stdout, stderr };
}

test('a batch goes on without a reader of its messages', () => {
  writeFileSync(join(directory, 'in'), lines);
  const fn = 'l => { console.error(l); return l }';
  const { stdout } = shell(`exec 3>&1; { $LEASTWORK map -e '${fn}' in -o out; echo $? >&3; } 2>&1 | true`);
  expect(stdout).toBe('0\n');
  expect(readFileSync(join(directory, 'out'), 'utf8')).toBe(lines);
});

test('what only prints ends as others do, without a word', () => {
  writeFileSync(join(directory, 'in'), '1\n');
  leastwork(['map', '-e', 'l => { throw l }', 'in', '-o', 'o', '--journal', 'j'], { cwd: directory });
  for (const args of [
    '--help',
    'map --help',
    'journal j',
    'journal --failed j',
    "map --dry-run -e 'l => l' in",
  ]) {
    // It waits for the end of the reader, so that the pipe is closed.
    const waits = "trap '' PIPE; while printf . 2>/dev/null; do sleep 0.01; done";
    const closed = shell(`{ ${waits}; $LEASTWORK ${args}; echo $? >&2; } | true`);
    expect([args, closed.stderr]).toEqual([args, '141\n']);
    const full = shell(`$LEASTWORK ${args} >/dev/full; echo $? >&2`);
    expect(full.stderr).toBe('leastwork: standard output: No space left on device\n2\n');
  }
});
