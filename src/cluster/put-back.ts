/** Gives a job back to the engine, for other machines. */
import type * as BullMQ from 'bullmq';
import type { Job } from 'bullmq';
import type { EngineSettings } from './options.js';

/**
 * @param ms before which no machine takes it
 * @throws what tells BullMQ so
 */
export async function putBack(
  bull: typeof BullMQ,
  { postgres }: EngineSettings,
  job: Job,
  token: string | undefined,
  ms: number,
): Promise<never> {
  // On Redis nobody is told of a job that is put back, if it has a priority; of one that is delayed they are.
  if (ms > 0 || postgres === undefined) {
    await job.moveToDelayed(Date.now() + Math.max(1, ms), token);
    throw new bull.DelayedError();
  }
  await job.moveToWait(token);
  throw new bull.WaitingError();
}
