/**
 * A job as the engine stores it. BullMQ's `Queue.addBulk` makes a `Job` of each first, of which nothing is used
 * here: a fifth of a submitter's CPU time.
 */
import type { IQueueBackend, JobsOptions, Queue } from 'bullmq';

export interface NewJob {
  readonly id: string;
  readonly name: string;
  /** As JSON. */
  readonly data: string;
  readonly options: JobsOptions;
}

type Entry = Parameters<IQueueBackend['addJobs']>[0][number];

/** Adds jobs to a queue, in that order, in one go. */
export async function addJobs(queue: Queue, jobs: readonly NewJob[]): Promise<void> {
  const now = Date.now();
  await queue.backend.addJobs(jobs.map((job) => entryOf(job, now)));
}

/** @param timestamp when it was made, in ms since the epoch */
function entryOf({ id, name, data, options }: NewJob, timestamp: number): Entry {
  const { priority, delay } = options;
  const job = { id, name, data, opts: options, timestamp, priority, ...(delay !== undefined && { delay }) };
  // What is missing is read of jobs that have been there before alone.
  return { job: job as unknown as Entry['job'], jobId: id };
}
