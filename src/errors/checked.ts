/**
 * Errors that are thrown or rejected straight from a call: their stacks begin with that call, since ten
 * frames are all that a stack has, and those of the checks would take most of them.
 */
import { BalancerError } from './errors.js';
import { withoutOwnFrames } from './own-frame.js';
import { type Callable, captureStack } from './stack-text.js';

/**
 * Calls a function that checks what the caller has given. Its errors are new ones, and have the stack of what
 * calls this.
 */
export function checked<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw fromCaller(error, checked);
  }
}

/**
 * @param error a new one
 * @param below a function that runs now: the stack begins with what has called it
 * @returns the error
 */
export function fromCaller<E>(error: E, below: Callable): E {
  if (error instanceof BalancerError) captureStack(error, below);
  return error;
}

/** The same where several functions of the package lie between that one and the caller. Takes longer. */
export function fromProgram<E>(error: E, below?: Callable): E {
  if (below !== undefined) fromCaller(error, below);
  if (error instanceof BalancerError) withoutOwnFrames(error);
  return error;
}
