/** Why nothing is accepted, and the error that each refused request gets. */
import { BalancerClosedError, NoWorkerError } from '../errors/errors.js';
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
