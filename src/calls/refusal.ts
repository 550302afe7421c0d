/** Why nothing is accepted, and the error that each refused request gets. */
import { awaitedIfBare } from '../errors/async-stack.js';
import { fromCaller, fromProgram } from '../errors/checked.js';
import { BalancerClosedError, NoWorkerError } from '../errors/errors.js';
import type { Callable } from '../errors/stack-text.js';
import type { Refusal } from '../ledger/outcome.js';

export function reasonOf(error: Error): Refusal {
  return error instanceof BalancerClosedError ? 'closed' : 'no-worker';
}

/** Each refused request gets its own error, whose stack shows where it was submitted. */
export function copyOf(error: BalancerClosedError | NoWorkerError): BalancerClosedError | NoWorkerError {
  const { message, cause } = error;
  return error instanceof BalancerClosedError
    ? new BalancerClosedError(message)
    : new NoWorkerError(message, Object.hasOwn(error, 'cause') ? { cause } : undefined);
}

/**
 * @param prepare where there is one, more functions of the package lie between `accept` and the caller
 * @returns the error, with the caller's frames
 */
export function toCaller<E>(error: E, accept: Callable, prepare: Callable | undefined): E {
  return prepare === undefined ? fromCaller(error, accept) : awaitedIfBare(fromProgram(error, accept));
}
