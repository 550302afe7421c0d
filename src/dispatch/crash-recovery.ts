/**
 * What becomes of a dead thread's requests: which run elsewhere, which run again, which are rejected and why.
 */

import { WorkerCrashedError } from '../errors/errors.js';
import { originInWords } from '../errors/origin.js';
import { CLOCK_OFFSET, performance } from '../protocol/clock.js';
import type { Chunk } from '../requests/chunk.js';
import type { Request } from '../requests/request.js';
import type { ThreadDeath } from '../worker/thread.js';
import type { Remains } from '../worker/window-writer.js';
import type { Worker } from '../worker/worker.js';
import type { Counters } from './counters.js';
import { remarkOnLateError } from './late-error.js';
import { reportDeath } from './run-report.js';

/** A request that so many workers have died of is not run again, however high its `retries`. */
const MOST_KILLS = 3;

export class CrashRecovery {
  readonly #counts: Counters;
  readonly #requeue: (requests: readonly Request[]) => void;
  /** How many threads have ended while they read a request's arguments, or loaded its function. */
  readonly #readers = new WeakMap<Request, number>();

  /** @param requeue puts requests back to their place in the queue */
  constructor(counts: Counters, requeue: (requests: readonly Request[]) => void) {
    this.#counts = counts;
    this.#requeue = requeue;
  }

  /** The thread has ended with these requests in its window. */
  settle({ running, unstarted, reading, loading, item }: Remains, worker: Worker, death: ThreadDeath): void {
    if (running !== undefined && worker.completions.areOfRequests) reportDeath(worker, running, item);
    if (running?.extras?.chunk !== undefined)
      this.#chunkCrashed(running, running.extras.chunk, item, worker, death);
    else if (running !== undefined) this.#crashed(running, worker, death);
    if (reading?.extras?.chunk !== undefined) this.#dissolve(reading, reading.extras.chunk);
    else if (reading !== undefined)
      this.#again(reading, 'ended while they read its arguments', worker, death);
    if (loading?.extras?.chunk !== undefined) this.#dissolve(loading, loading.extras.chunk);
    else if (loading !== undefined) this.#again(loading, 'could not load its function', worker, death);
    this.moveOn(unstarted, worker, describe(death), death);
  }

  /** Unstarted requests go back to the queue, except those whose transferred arguments are lost. */
  moveOn(unstarted: readonly Request[], worker: Worker, why: string, death?: ThreadDeath): void {
    for (const request of unstarted) {
      if (request.extras?.away !== true) continue;
      const lost = `it had not started, but its transferred arguments were lost: ${why}`;
      this.#fail(request, worker, lost, death);
    }
    this.#requeue(unstarted);
  }

  /**
   * A thread ended before the task had begun: while it read the request's arguments, most likely for lack of
   * memory, or because it could not load the function, for lack of file descriptors. A fresh thread may have
   * more; but what no thread can take must not end one after the other.
   */
  #again(request: Request, what: string, worker: Worker, death: ThreadDeath): void {
    const ended = (this.#readers.get(request) ?? 0) + 1;
    this.#readers.set(request, ended);
    if (ended < MOST_KILLS) return;
    const why = `${ended} threads ${what}: ${describe(death)}`;
    this.#fail(request, worker, why, death);
  }

  /** One item has died with the thread. Complete ones stay, and the chunk's owner sends the others again. */
  #chunkCrashed(request: Request, chunk: Chunk, item: number, worker: Worker, death: ThreadDeath): void {
    const { completed } = chunk;
    this.#counts.completed += completed;
    const why = describe(death) + remarkOnLateError(death.cause, request.task, worker.completed);
    const errorOf = (): Error => crashError(request, request.id + item, worker, why, death);
    const died = request.isSettled ? undefined : chunk.died(item, errorOf);
    if (died !== undefined) request.task.kills++;
    if (died?.runsAgain === true) this.#counts.retried++;
    else if (died !== undefined) {
      this.#counts.completed++;
      this.#counts.failed++;
      worker.failed++;
    }
    // It may have died of the chunk itself.
    if (item < 0) chunk.dissolved();
    request.resolve(undefined);
  }

  /**
   * A thread ended while it read the items: the chunk's owner sends them one by one, so that an item that no
   * thread can hold fails alone.
   */
  #dissolve(request: Request, chunk: Chunk): void {
    chunk.dissolved();
    request.resolve(undefined);
  }

  #crashed(request: Request, worker: Worker, death: ThreadDeath): void {
    const { extras } = request;
    if (request.isSettled) return;
    request.task.kills++;
    const kills = (extras?.kills ?? 0) + 1;
    const why = describe(death) + remarkOnLateError(death.cause, request.task, worker.completed);
    if (extras !== undefined && extras.retries > 0 && extras.away) {
      this.#fail(request, worker, `${why} (not run again, since its transferred arguments are gone)`, death);
      return;
    }
    if (extras !== undefined && extras.retries > 0 && kills < MOST_KILLS) {
      extras.retries--;
      extras.kills = kills;
      // It had started in time.
      if (extras.due <= performance.now() + CLOCK_OFFSET) extras.due = 0;
      this.#counts.retried++;
      this.#requeue([request]);
      return;
    }
    this.#fail(request, worker, why, death);
  }

  #fail(request: Request, worker: Worker, why: string, death: ThreadDeath | undefined): void {
    if (request.isSettled) return;
    this.#counts.completed++;
    this.#counts.failed++;
    worker.failed++;
    request.reject(crashError(request, request.id, worker, why, death), 'crashed');
  }
}

function crashError(
  request: Request,
  requestId: number,
  worker: Worker,
  why: string,
  death: ThreadDeath | undefined,
): Error {
  return new WorkerCrashedError({
    exitCode: death?.exitCode,
    requestId,
    taskName: request.task.name,
    workerId: worker.id,
    stderr: worker.lastErrorLines,
    why: why + originInWords(request.task.place),
    cause: death?.cause,
  });
}

function describe(death: ThreadDeath): string {
  if (death.cause instanceof Error) return death.cause.message;
  if (death.cause !== undefined) return `uncaught ${String(death.cause)}`;
  return `exit code ${death.exitCode}`;
}
