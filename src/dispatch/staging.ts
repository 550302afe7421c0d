/**
 * Requests on their way into windows: all slots are filled first and then posted, so that a sleeping thread
 * is woken once.
 */
import type { Request } from '../requests/request.js';
import type { Worker } from '../worker/worker.js';
import type { Counters } from './counters.js';

export class Staging {
  readonly #counts: Counters;
  /** Workers with staged requests. */
  readonly #workers: Worker[] = [];

  constructor(counts: Counters) {
    this.#counts = counts;
  }

  /**
   * Puts a request into the worker's window; `post` makes it visible. Rejects it if its arguments cannot be
   * cloned. O(1).
   */
  stage(request: Request, worker: Worker): void {
    const { extras } = request;
    // Ahead of the staging, in which a getter may abort this very request: it is no longer in the queue.
    if (extras !== undefined) extras.worker = worker;
    const error = worker.stage(request);
    if (error !== undefined) {
      this.#counts.failed++;
      request.reject(error, 'failed');
      return;
    }
    // A getter in its arguments has aborted it.
    if (request.isSettled) return;
    extras?.sent?.();
    if (!worker.hasStaged) {
      worker.hasStaged = true;
      this.#workers.push(worker);
    }
  }

  /** Posts all that is staged. O(w). */
  post(): void {
    for (const worker of this.#workers) {
      worker.hasStaged = false;
      worker.flush();
    }
    this.#workers.length = 0;
  }

  /** The worker's thread has ended. */
  forget(worker: Worker): void {
    const at = this.#workers.indexOf(worker);
    if (at >= 0) this.#workers.splice(at, 1);
  }
}
