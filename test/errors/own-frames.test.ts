import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

/** Where Node runs microtasks: at the end of any stack that is made in one, if they follow on a tick. */
const TICK = /\n {4}at process\.processTicksAndRejections \(node:internal\S+\)/;
/** Frames of the package, and of Node. */
const OWN = /\/(?:dist|src|workers)\/|node:internal|WorkLoop|Stream\.#/;

const PROGRAM = fileURLToPath(new URL('../fixtures/errors/stacks.mjs', import.meta.url));

describe('the stacks of tasks show no frames of the package', () => {
  it.each([
    ['in general', []],
    ['under --enable-source-maps', ['--enable-source-maps']],
    ['under tsx', ['--import', 'tsx']],
  ])('%s', async (_, flags) => {
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, PROGRAM]);
    const stacks = stdout.trim().split('\n\n');
    expect(stacks.map((stack) => stack.split('\n')[0])).toEqual([
      'Error: at once',
      'Error: later',
      'Error: in a stream',
      expect.stringMatching(
        /^WorkerCrashedError: .*exit code 3 \(first submitted at .*stacks\.mjs:\d+:\d+\)$/,
      ),
      expect.stringMatching(/^TaskTimeoutError: /),
      expect.stringMatching(/^TaskNotFoundError: /),
      'Error: at once',
      expect.stringMatching(/^NoWorkerError: .*: no$/),
    ]);
    for (const stack of stacks) expect(stack.replace(TICK, '')).not.toMatch(OWN);
    expect(stacks[0]).toMatch(/\n {4}at fail /);
    expect(stacks[3]).toMatch(/\n {4}at async .*stacks\.mjs:/);
    expect(stacks[4]).toMatch(/\n {4}at async late /);
  });
});
