/** Adapts the number of workers to the load: takes the samples that the `Scaler` decides by. */
import type { Dispatcher } from '../dispatch/dispatcher.js';
import { isOlder } from '../requests/queue.js';
import type { Request } from '../requests/request.js';
import type { Worker } from '../worker/worker.js';
import type { Duty } from './maintenance.js';
import type { Pool } from './pool.js';
import { Scaler, type ScalingOptions, type ScalingSample } from './scaler.js';

/** Limits of the time between two looks under load, in ms. */
const MIN_PACE = 5;
const MAX_PACE = 1_000;

/** A thread that has just come up, or sleeps, starts a request that it is given within this time, in ms. */
const MOST_TO_START_MS = 50;

interface Mark {
  readonly id: number;
  readonly at: number;
}

export class Autoscaling implements Duty {
  readonly #pool: Pool;
  readonly #dispatcher: Dispatcher;
  readonly #options: ScalingOptions;
  readonly #scaler: Scaler;
  readonly #newest: () => number;
  /**
   * The newest request at an earlier look, and the time of that look. While the oldest unstarted request is
   * not younger, it has waited at least since then: so no time has to be noted for each request.
   */
  #mark: Mark | undefined;

  /** @param newest id of the last request that was submitted */
  constructor(pool: Pool, dispatcher: Dispatcher, options: ScalingOptions, newest: () => number) {
    this.#pool = pool;
    this.#dispatcher = dispatcher;
    this.#options = options;
    this.#scaler = new Scaler(pool.range, options);
    this.#newest = newest;
  }

  get pace(): number | undefined {
    const { min, max } = this.#pool.range;
    if (min === max) return undefined;
    const { growAfter, idleTimeout } = this.#options;
    return Math.max(MIN_PACE, Math.min(growAfter / 2, idleTimeout / 2, MAX_PACE));
  }

  look(now: number): number | undefined {
    const { pace } = this;
    if (pace === undefined) return undefined;
    const wanted = this.#scaler.decide(this.#sample(now));
    if (wanted !== this.#pool.target) void this.#pool.resizing.scale(wanted);
    return this.#dispatcher.busy || this.#pool.starting > 0 ? now + pace : this.#scaler.nextLook;
  }

  /** O(workers). */
  #sample(now: number): ScalingSample {
    const { queue, workers } = this.#dispatcher;
    let unstarted = queue.size;
    let idle = 0;
    let hasMarked = queue.hasMarked;
    for (const worker of workers) {
      const first = worker.oldestUnstarted;
      const waiting = worker.unstarted + worker.backlog.length - (isAboutToStart(worker, now) ? 1 : 0);
      if (first !== undefined && waiting > 0 && needsWorker(first, worker)) {
        unstarted += waiting;
        if (this.#mark !== undefined && !isOlder(this.#mark, first)) hasMarked = true;
      }
      const isIdle = worker.view.pending === 0 && worker.backlog.length === 0 && worker.sessions === 0;
      if (isIdle && worker.state === 'ready') idle++;
    }
    const { target, starting } = this.#pool;
    // Whether the starting workers are enough is known only when requests have waited again beside them.
    if (!hasMarked || starting > 0) {
      this.#mark = { id: this.#newest(), at: now };
      queue.mark(this.#mark.id);
    }
    const waited = target === 0 ? Number.POSITIVE_INFINITY : now - (this.#mark as Mark).at;
    return { now, workers: target, starting, idle, unstarted, waited };
  }
}

/**
 * Whether the first request in its window is about to be started: then it does not wait for a worker. A
 * thread that has been silent for longer may be held by something that an earlier task has left behind.
 */
function isAboutToStart(worker: Worker, now: number): boolean {
  return (
    worker.view.pending > 0 &&
    worker.runningRequest === undefined &&
    now - worker.completions.lastProgress < MOST_TO_START_MS
  );
}

/** Whether one more worker would help the request: not in a session, nor behind a request of the same key. */
function needsWorker(request: Request, worker: Worker): boolean {
  const { extras } = request;
  if (extras === undefined) return true;
  return extras.session === undefined && !(extras.pinned && extras.key === worker.runningRequest?.key);
}
