/**
 * Runs everything.mjs, which does everything that a Balancer does, in surroundings in which it must work all
 * the same.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const fileIn = (path: string): string => fileURLToPath(new URL(`./programs/${path}`, import.meta.url));

/** @param flags options of Node. The outcomes, and all that was printed on stderr */
export async function everything(
  flags: readonly string[],
): Promise<{ readonly outcomes: Record<string, unknown>; readonly errors: string }> {
  const { stdout, stderr } = await run(process.execPath, [
    '--no-warnings',
    ...flags,
    fileIn('everything.mjs'),
  ]);
  return { outcomes: JSON.parse(stdout), errors: stderr };
}

/** The outcomes of a healthy Balancer. */
export const HEALTHY = {
  value: 3,
  object: { toString: { a: 1 }, constructor: 1, name: [null, 'x'] },
  'task error': ['RangeError', 'wrong', 5],
  'error value': ['TypeError', 'given'],
  'not cloneable': ['NotCloneableError', 'ERR_NOT_CLONEABLE'],
  stream: [[1, { two: 2 }], 'end of the stream'],
  map: [2, 4, 6],
  progress: [{ done: 1 }],
  transfer: [6, 0],
  abort: ['TypeError', 'the reason', null],
  timeout: ['TaskTimeoutError', 'ERR_TASK_TIMEOUT'],
  crash: ['WorkerCrashedError', 'ERR_WORKER_CRASHED'],
  'after the crash': 'alive',
  closed: ['BalancerClosedError', 'ERR_BALANCER_CLOSED'],
  'queue timeout': ['TaskTimeoutError', 'ERR_TASK_TIMEOUT'],
  held: 'passed',
  session: 'in the session',
  router: 'routed',
  'abort that the task sees': 'the reason',
  elastic: 'started',
  idle: true,
  preload: ['NoWorkerError', 'ERR_NO_WORKER'],
};
