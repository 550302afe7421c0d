/**
 * Jobs that no machine can be given, since another program has written into what the engine keeps of them: BullMQ
 * takes them, fails to make sense of them, and takes them again when their lock has run out, without end.
 */
import { MalformedMessageError } from '../errors.js';
import type { Engine } from './engine.js';

/** So often a job does not come back that has been given to a machine: it would have been given up. */
const MOST_STALLS = 5;

/**
 * Throws a job away if it cannot be read, or has come back too often without having run. To its submitter it is
 * lost, and sent again while `retries` allow it.
 * @returns what was wrong; `undefined`: it can be read, or is gone
 */
export async function discardUnreadable(
  engine: Engine,
  queue: string,
  id: string,
): Promise<MalformedMessageError | undefined> {
  try {
    const job = await engine.queue(queue).getJob(id);
    if (job === undefined || job.stalledCounter < MOST_STALLS) return undefined;
    await engine.discard(queue, id);
    return new MalformedMessageError(
      `the job '${id}' of the queue '${queue}' has come back ${job.stalledCounter} times, though no machine was given it, and is thrown away: another program may have written into it`,
    );
  } catch (cause) {
    // All else says nothing of the job.
    if (!(cause instanceof SyntaxError)) throw cause;
    await engine.discard(queue, id);
    return new MalformedMessageError(
      `the job '${id}' of the queue '${queue}' cannot be read, and is thrown away: another program has written into it (${cause.message})`,
      { cause },
    );
  }
}
