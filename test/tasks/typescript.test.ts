import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const script = fileURLToPath(new URL('../fixtures/tasks/run-typed.mjs', import.meta.url));

it('a TypeScript module runs where the process has a loader for it', async () => {
  const { stdout } = await run(process.execPath, ['--import', 'tsx', script]);
  const outcome = JSON.stringify([{ value: { x: 3 } }]);
  expect(stdout.trim().split('\n')).toEqual([outcome, outcome]);
});
