/** The small way in: a processor for a BullMQ worker of one's own, whose CPU work runs in a Balancer. */
import type { Balancer } from '../balancer.js';
import { TaskNotFoundError } from '../errors/errors.js';
import type { SubmitOptions } from '../options/submit.js';
import { invalid, isRecord } from '../options/validate.js';
import type { AnyTask } from '../tasks/signatures.js';

/** What is used of a job of BullMQ. */
export interface ProcessedJob {
  readonly name: string;
  readonly data: unknown;
}

/**
 * A processor for `new Worker(queue, processor, …)`: runs the task of the job's name with the job's data as
 * its only argument. The event loop stays free, so that the job's lock is renewed however long the task
 * takes. `worker.cancelJob(id)` stops it.
 *
 * @example
 * new Worker('thumbs', leastworkProcessor(balancer, { make: thumbs.make }, { timeout: 60_000 }), {
 * connection, concurrency: 5 })
 *
 * @param tasks by the name of the job; or one task for all
 * @param options for each run, such as `timeout`
 * @throws InvalidOptionError
 */
export function leastworkProcessor(
  balancer: Pick<Balancer, 'submit'>,
  tasks: AnyTask | Readonly<Record<string, AnyTask>>,
  options: Omit<SubmitOptions, 'signal' | 'transfer'> = {},
): (job: ProcessedJob, token?: string, signal?: AbortSignal) => Promise<unknown> {
  if (typeof tasks !== 'function' && !isRecord(tasks))
    throw invalid('leastworkProcessor(tasks)', tasks, 'a task, or an object of tasks by the names of jobs');
  // BullMQ gives a signal to functions of three parameters.
  return async (job, _token, signal) => {
    const task = typeof tasks === 'function' ? tasks : ownTask(tasks, job.name);
    try {
      return await balancer.submit(task, [job.data], { ...options, ...(signal && { signal }) });
    } catch (error) {
      // BullMQ keeps the message of an error; the reason of `cancelJob` is a text.
      throw error instanceof Error ? error : new Error(String(error));
    }
  };
}

function ownTask(tasks: Readonly<Record<string, AnyTask>>, name: string): AnyTask {
  const task = Object.hasOwn(tasks, name) ? tasks[name] : undefined;
  if (task !== undefined) return task;
  throw new TaskNotFoundError(
    `no task for jobs of the name '${name}'; there are: ${Object.keys(tasks).join(', ') || '(none)'}`,
  );
}
