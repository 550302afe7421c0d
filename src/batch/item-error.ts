/** Errors of items whose thread did not report them itself. */
import type { WorkerCrashedError } from '../errors/errors.js';
import { stackText } from '../errors/stack-text.js';

/** An error as it is reported for an item. */
export interface ItemError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
}

export function crashError({ cause, exitCode }: WorkerCrashedError): ItemError {
  const uncaught =
    cause instanceof Error ? `: ${cause.message}` : exitCode === undefined ? '' : ` (exit code ${exitCode})`;
  return {
    name: 'WorkerCrashedError',
    message: `the thread ended while it ran this item${uncaught}`,
    stack: cause instanceof Error ? stackText(cause) : undefined,
  };
}

export function timeoutError(timeout: number): ItemError {
  return { name: 'TaskTimeoutError', message: `did not finish within ${timeout} ms`, stack: undefined };
}
