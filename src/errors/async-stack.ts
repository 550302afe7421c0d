/**
 * Errors with the frames of those who wait for them.
 *
 * Thrown inside an async function, since V8 then knows who awaits it: so requests that succeed pay nothing for it. (See
 * "zero-cost async stack traces", https://v8.dev/docs/stack-trace-api#async-stack-traces.)
 */
import { NotCloneableError, TaskTimeoutError, WorkerCrashedError } from './errors.js';

/** Errors made for one request alone, whose stacks nobody has completed yet. Others are shared, or the caller's own. */
const incomplete = new WeakSet<Error>();

/** Whether an error of ours is made for one request alone. */
export function isOfOneRequest(error: unknown): boolean {
  try {
    return (
      error instanceof TaskTimeoutError ||
      error instanceof WorkerCrashedError ||
      error instanceof NotCloneableError
    );
  } catch {
    // The reason of an abort may be anything, also a proxy whose traps throw.
    return false;
  }
}

/**
 * Throws what is of one request.
 * @param place where the request was submitted, if that has been recorded; default: who awaits it
 */
export async function rethrow(errorOf: () => unknown, place?: Error): Promise<never> {
  await undefined;
  // Only after a turn of the microtasks the promise that is resolved with this one waits for it.
  await undefined;
  const error = errorOf();
  if (error instanceof Error) complete(error, place ?? awaiting(rethrow));
  throw error;
}

/** Throws on what the promise of a request was rejected with, to someone who does not await that promise himself. */
export async function rethrowOn(error: unknown): Promise<never> {
  await undefined;
  await undefined;
  if (error instanceof Error && incomplete.has(error)) complete(error, awaiting(rethrowOn));
  throw error;
}

/** Who awaits the async function that runs: all that is on the stack beside it, and Node's frames. */
function awaiting(below: (...args: never[]) => unknown): { stack?: string } {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, below);
  return holder;
}

/** Node's own frames, from which microtasks are run, as messages and timers are. */
const INTERNAL = /\bnode:internal\//;

function complete(error: Error, { stack }: { stack?: string }): void {
  const lines = typeof stack === 'string' ? stack.split('\n') : [];
  const frames = lines.filter((line) => line.startsWith('    at ') && !INTERNAL.test(line));
  if (frames.length === 0) {
    incomplete.add(error);
    return;
  }
  incomplete.delete(error);
  if (typeof error.stack !== 'string') return;
  try {
    error.stack = `${error.stack}\n${frames.join('\n')}`;
  } catch {
    // Frozen, as it was thrown.
  }
}
