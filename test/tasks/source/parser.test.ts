import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { linesOf, runProgram } from '../../support/program.js';

const program = fileURLToPath(new URL('../../fixtures/faults/child.mjs', import.meta.url));

it('a parser that cannot be loaded is no wrong function: the cause is told, and the next submit tries again', async () => {
  const { stdout, stderr, code } = await runProgram('sh', [
    '-c',
    'ulimit -n 100 && exec "$0" "$@"',
    process.execPath,
    program,
    'no descriptors for the parser',
  ]);
  const [error, result] = linesOf(stdout);
  expect(error).toMatch(/^Error EMFILE, true: acorn, the parser of inline functions, .*too many open files/);
  expect({ result, stderr, code }).toEqual({ result: '2', stderr: '', code: 0 });
});
