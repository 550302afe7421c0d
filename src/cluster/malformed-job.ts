/** What is done where another program has written into a job, or has made it. */
import type { Job } from 'bullmq';
import type { MalformedMessageError } from './errors.js';
import { isId, type JobData } from './messages.js';
import type { Replies } from './replies.js';
import { encodeThrown } from './values/thrown.js';

/** Its submitter may still be known: then it is told. */
export async function tellSubmitter(
  replies: Replies,
  job: Job,
  error: MalformedMessageError,
  maxPayload: number,
): Promise<void> {
  const from: unknown = (job.data as Partial<JobData> | null | undefined)?.from;
  if (typeof from !== 'string' || !isId(from)) return;
  const id = String(job.id);
  await replies.send(from, { t: 'error', id, error: encodeThrown(error, maxPayload) }, id);
}
