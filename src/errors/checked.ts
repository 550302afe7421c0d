/**
 * Mistakes of the caller, thrown or rejected straight from a call: their stacks begin with that call, since
 * ten frames are all that a stack has, and those of the checks would take most of them.
 */
import { CapturedVariableError, InvalidOptionError, NotAFunctionError } from './errors.js';
import { captureStack } from './stack-text.js';

/** Calls a function that checks what the caller has given. Its errors have the stack of what calls this. */
export function checked<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw fromCaller(error, checked);
  }
}

/**
 * @param below the stack begins with what has called this function
 * @returns the error
 */
export function fromCaller(error: unknown, below: (...args: never[]) => unknown): unknown {
  const isMistake =
    error instanceof InvalidOptionError ||
    error instanceof CapturedVariableError ||
    error instanceof NotAFunctionError;
  if (isMistake) captureStack(error, below);
  return error;
}
