/** What a start that has come to nothing means for those who wait for the worker. */
import { BalancerClosedError, NoWorkerError } from '../errors/errors.js';
import { performance } from '../protocol/clock.js';
import type { ThreadDeath } from '../worker/thread.js';
import { noWorker } from './availability.js';
import type { Member } from './member.js';

/** The thread ended of its own accord before it got requests. @returns the error */
export function startFailed(member: Member, death: ThreadDeath): Error {
  const cause =
    death.cause ?? new Error(`the thread ended with exit code ${death.exitCode} before it was ready`);
  member.attempt.failed(performance.now(), cause);
  const error = noWorker(cause);
  member.ready.reject(error);
  return error;
}

/** The worker was removed before it got requests. @param isEnding so are all others */
export function startAbandoned(member: Member, isEnding: boolean): void {
  member.attempt.abandoned();
  member.ready.reject(
    isEnding
      ? new BalancerClosedError()
      : new NoWorkerError(`worker ${member.worker.id} was removed before it was ready`),
  );
}
