/**
 * Requests on their way into windows: slot after slot is filled, and then all are posted together, so that a thread that sleeps is woken
 * once for all that it is given.
 */

import type { Request } from '../requests/request.js';
import type { Worker } from '../worker/worker.js';
import type { Counters } from './counters.js';

export class Staging {
  readonly #counts: Counters;
  /** Workers with staged requests. */
  readonly #touched: Worker[] = [];

  constructor(counts: Counters) {
    this.#counts = counts;
  }

  /** Puts a request into the worker's window; `post` makes it visible. Rejects it if its arguments cannot be cloned. O(1). */
  stage(request: Request, worker: Worker): void {
    if (worker.view.pending === 0) worker.lastProgress = performance.now();
    const { extras } = request;
    // Ahead of the staging, in which a getter may abort this very request: it is no longer in the queue.
    if (extras !== undefined) extras.worker = worker;
    const error = worker.stage(request);
    if (error !== undefined) {
      this.#counts.failed++;
      request.reject(error);
      return;
    }
    // A getter in its arguments has aborted it.
    if (request.isSettled) return;
    extras?.sent?.();
    if (!worker.touched) {
      worker.touched = true;
      this.#touched.push(worker);
    }
  }

  /** Posts all that is staged. O(w). */
  post(): void {
    for (const worker of this.#touched) {
      worker.touched = false;
      worker.flush();
    }
    this.#touched.length = 0;
  }

  /** The worker is no more. */
  forget(worker: Worker): void {
    const at = this.#touched.indexOf(worker);
    if (at >= 0) this.#touched.splice(at, 1);
  }
}
