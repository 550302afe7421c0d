import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runProgram } from '../support/program.js';

const program = fileURLToPath(new URL('../fixtures/faults/child.mjs', import.meta.url));

it.each(['no descriptors for a module', 'one descriptor for three modules'])(
  '%s: it is loaded when there are some, and not taken for one that does not load',
  async (fault) => {
    const limited = ['-c', 'ulimit -n 100 && exec "$0" "$@"', process.execPath, program, fault];
    expect(await runProgram('sh', limited)).toMatchObject({ stdout: '3\n', stderr: '', code: 0 });
  },
);
