import { BalancerClosedError, NoWorkerError, QueueFullError } from '../errors/errors.js';

/** Errors that say nothing of the task: another machine may do better. */
export function isOfMachine(error: unknown): boolean {
  return (
    error instanceof BalancerClosedError || error instanceof NoWorkerError || error instanceof QueueFullError
  );
}
