import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { linesOf, outputOfNode } from '../support/program.js';

const script = fileURLToPath(new URL('../fixtures/tasks/run-typed.mjs', import.meta.url));

it('a TypeScript module runs where the process has a loader for it', async () => {
  const lines = linesOf(await outputOfNode(['--import', 'tsx', script]));
  const outcome = JSON.stringify([{ value: { x: 3 } }]);
  expect(lines).toEqual([outcome, outcome]);
});
