import type * as BullMQ from 'bullmq';
import { BalancerClosedError, NoWorkerError, QueueFullError } from '../errors/errors.js';

/** Of a run that has not begun, since its job goes back. */
export const GIVEN_BACK = new Error('other machines may be earlier');

/** Errors that say nothing of the task: another machine may do better. */
export function isOfMachine(error: unknown): boolean {
  return isUnable(error) || error instanceof QueueFullError || error === GIVEN_BACK;
}

/** Errors of a Balancer that can run nothing, whatever it is asked for. */
export function isUnable(error: unknown): error is BalancerClosedError | NoWorkerError {
  return error instanceof BalancerClosedError || error instanceof NoWorkerError;
}

/** Whether an error tells BullMQ that a job is put back, and not done. */
export function isPutBack(bull: typeof BullMQ, error: unknown): boolean {
  return error instanceof bull.DelayedError || error instanceof bull.WaitingError;
}
