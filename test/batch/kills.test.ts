import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const script = fileURLToPath(new URL('./kills.mjs', import.meta.url));

// Of the 200 of a long run (node test/batch/kills.mjs 200).
test('a batch that is killed at random moments and resumed gives what an undisturbed one gives', {
  timeout: 300_000,
}, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [script, '10']);
  expect(JSON.parse(stdout).kills).toBe(10);
});
