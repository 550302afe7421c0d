import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { runChild } from '../support/child.js';
import { linesOf } from '../support/program.js';
import { scratch } from '../support/scratch.js';

const FAULT = path.join(scratch(), 'fault');
writeFileSync(FAULT, 'hangs');

const CRASHED = 'ERR_WORKER_CRASHED';

describe('the process ends by itself', () => {
  it.each([
    ['never used', []],
    ['never used, cannot start', []],
    ['preload hangs', []],
    ['check hangs', ['closed']],
    ['used, not closed', ['result']],
    ['not even awaited', ['0', '1', '2']],
    ['used, closed', ['result', 'closed']],
    ['closed while starting', ['closed']],
    ['closed twice, one result', ['result', 'closed']],
    ['after a crash', [CRASHED]],
    ['crashes while restarting', [CRASHED, CRASHED, CRASHED]],
    ['a late timer in a thread', ['result']],
    ['an endless task that was aborted', ['ERR_TASK_TIMEOUT']],
    ['leaves nothing', ['clean', 'no listeners']],
    ['close with a timeout', ['ERR_BALANCER_CLOSED', 'ERR_BALANCER_CLOSED', 'closed']],
  ])('%s', async (name, lines) => {
    const { stdout, ...end } = await runChild(name, [FAULT]);
    expect({ lines: linesOf(stdout).toSorted(), ...end }).toEqual({
      lines: lines.toSorted(),
      stderr: '',
      code: 0,
      signal: null,
    });
  });
});
