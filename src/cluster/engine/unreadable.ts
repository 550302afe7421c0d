/**
 * Jobs that cannot be read, since another program has written into what the engine keeps of them: BullMQ takes
 * them, fails to make sense of them, and takes them again when their lock has run out, without end.
 */
import { MalformedMessageError } from '../errors.js';
import type { Engine } from './engine.js';

/**
 * Throws a job away if it cannot be read. To its submitter it is lost, and sent again while `retries` allow it.
 * @returns what was wrong; `undefined`: it can be read, or is gone
 */
export async function discardUnreadable(
  engine: Engine,
  queue: string,
  id: string,
): Promise<MalformedMessageError | undefined> {
  try {
    await engine.queue(queue).getJob(id);
    return undefined;
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
