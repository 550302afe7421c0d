/**
 * Errors with the frames of the functions that await them.
 *
 * The errors are thrown inside an async function, since V8 knows who awaits that. So requests that succeed
 * pay nothing. (See "zero-cost async stack traces", https://v8.dev/docs/stack-trace-api#async-stack-traces.)
 */
import {
  BalancerError,
  NotCloneableError,
  TaskNotFoundError,
  TaskTimeoutError,
  WorkerCrashedError,
} from './errors.js';
import { withoutKnownOrigin } from './origin.js';
import { INTERNAL, linesWithoutOwnFrames, withoutOwnFrames } from './own-frame.js';
import { captureStack, stackText } from './stack-text.js';
import { withoutFrames } from './stackless.js';

/** Errors made for one request whose stacks lack the awaiting frames so far. */
const incomplete = new WeakSet<Error>();

/** Errors with the frames of a place appended. */
const completed = new WeakSet<Error>();

/**
 * Errors of `throwNew` are not in `incomplete`: there may be 100,000 at a time, which would be slow to
 * collect.
 */
function isIncomplete(error: Error): boolean {
  if (incomplete.has(error)) return true;
  return error instanceof TaskTimeoutError && error.phase === 'queue' && !completed.has(error);
}

/**
 * Whether an error was made by us for one request alone. Others are shared by several requests, or the
 * caller's own.
 */
export function isOfOneRequest(error: unknown): boolean {
  try {
    return (
      error instanceof TaskTimeoutError ||
      error instanceof WorkerCrashedError ||
      error instanceof NotCloneableError ||
      error instanceof TaskNotFoundError
    );
  } catch {
    // The reason of an abort may be anything, also a proxy whose traps throw.
    return false;
  }
}

/**
 * Throws an error that belongs to one request, with the frames of its place appended to its stack.
 * @param place where the request was submitted, if that has been recorded; default: where it is awaited
 */
export async function rethrow(errorOf: () => unknown, place?: Error): Promise<never> {
  await undefined;
  // The promise that is resolved with this one awaits it only after a turn of the microtasks.
  await undefined;
  const error = errorOf();
  if (error instanceof Error) {
    if (isOfOneRequest(error)) withoutOwnFrames(error);
    complete(error, place ?? awaiting(rethrow));
  }
  throw error;
}

/**
 * Throws an error of our own that is made for one request. It is made here, where V8 knows who awaits it: so
 * its stack has those frames from the beginning, and nothing is formatted before somebody reads it. For queue
 * timeouts.
 * @param place where the request was submitted, if that has been recorded
 */
export async function throwNew(make: () => Error, place?: Error): Promise<never> {
  await undefined;
  // As above.
  await undefined;
  const error = make();
  // Without the frames down to here, which are ours. Nothing is formatted by this either.
  captureStack(error, throwNew);
  if (place !== undefined) complete(error, place);
  throw error;
}

/** Rethrows the rejection of a request's promise to a caller who does not await that promise directly. */
export async function rethrowOn(error: unknown): Promise<never> {
  await undefined;
  await undefined;
  if (error instanceof Error && isIncomplete(error)) complete(error, awaiting(rethrowOn));
  throw error;
}

/**
 * Rejects with the error with which an async function of the package ends: of ours, none of our frames, and those
 * of who awaits that function where there would be no other.
 */
export async function rejectCaller(error: unknown): Promise<never> {
  return rethrowOn(error instanceof BalancerError ? awaitedIfBare(withoutOwnFrames(error)) : error);
}

/** Where an error shows no frame it will show those of who awaits it, if that is told by `rethrowOn`. */
export function awaitedIfBare<E>(error: E): E {
  if (error instanceof Error && stackText(error)?.includes('\n    at ') === false) incomplete.add(error);
  return error;
}

/**
 * Makes an error of our own that ends an iteration. Its stack will be that of who awaits the next step, and not
 * of what has made it: that runs on its own.
 */
export function errorOfIteration<E extends Error>(make: () => E): E {
  const error = withoutFrames(make);
  incomplete.add(error);
  return error;
}

/**
 * Completes the stack of an error that its receiver gets in another way than by the promise of a request.
 * @param place where the request was submitted, if that has been recorded; otherwise `rethrowOn` completes it
 */
export function completeLater(error: unknown, place?: Error): void {
  if (!(error instanceof Error)) return;
  if (place === undefined) incomplete.add(error);
  else complete(error, place);
}

/** The frames that await the running async function: everything on the stack below it. */
function awaiting(below: (...args: never[]) => unknown): { stack?: string } {
  const holder: { stack?: string } = {};
  captureStack(holder, below);
  const stack = stackText(holder);
  // A part of ours may await, too, as for `broadcast`.
  return stack === undefined ? {} : { stack: linesWithoutOwnFrames(stack) };
}

function complete(error: Error, place: { stack?: string }): void {
  const lines = stackText(place)?.split('\n') ?? [];
  const frames = lines.filter((line) => line.startsWith('    at ') && !INTERNAL.test(line));
  if (frames.length === 0) {
    incomplete.add(error);
    return;
  }
  incomplete.delete(error);
  completed.add(error);
  const stack = stackText(error);
  if (stack === undefined) return;
  try {
    error.stack = `${withoutKnownOrigin(stack, frames)}\n${frames.join('\n')}`;
  } catch {
    // The task threw a frozen error.
  }
}
