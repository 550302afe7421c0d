import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { linesOf, runProgram } from '../../support/program.js';

const program = fileURLToPath(new URL('../../fixtures/faults/child.mjs', import.meta.url));

/** @param limit of descriptors */
const runFault = (fault: string, limit: number) =>
  runProgram('sh', ['-c', `ulimit -n ${limit} && exec "$0" "$@"`, process.execPath, program, fault]);

it('the parser is loaded where a process has no file descriptor left', async () => {
  const { stdout, stderr, code } = await runFault('no descriptors for the parser', 100);
  expect({ lines: linesOf(stdout), stderr, code }).toEqual({ lines: ['2', '3'], stderr: '', code: 0 });
});

it('a parser that cannot be loaded is no wrong function: the cause is told, and the next submit tries again', async () => {
  const { stdout, stderr, code } = await runFault('no descriptors before the Balancer', 100);
  const [error, result] = linesOf(stdout);
  expect(error).toMatch(
    /^Error (?:EMFILE|ERR_INVALID_PACKAGE_CONFIG), true: acorn, the parser of inline functions, .*too many open files/,
  );
  expect({ result, stderr, code }).toEqual({ result: '2', stderr: '', code: 0 });
});
