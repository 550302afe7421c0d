/**
 * Who gets what: out of the queue, by the policy's choice, into windows; between windows, where a worker idles; and back into the queue.
 */

import type { Policy } from '../policies/policy.js';
import type { Queue } from '../requests/queue.js';
import type { Request } from '../requests/request.js';
import type { View } from '../worker/view.js';
import type { WindowLimits, Worker } from '../worker/worker.js';
import type { Counters } from './counters.js';
import { type Leveller, rebalance } from './rebalance.js';
import { Staging } from './staging.js';
import { placeFor } from './transfer-placement.js';

export class Assignment implements Leveller {
  readonly #queue: Queue;
  readonly #policy: Policy;
  readonly #limits: WindowLimits;
  readonly #workers: readonly Worker[];
  readonly #counts: Counters;
  readonly #staging: Staging;
  #isActive = false;
  /** Some worker may have a backlog. */
  #hasBacklogs = false;

  /** @param workers the same list always */
  constructor(
    queue: Queue,
    policy: Policy,
    limits: WindowLimits,
    workers: readonly Worker[],
    counts: Counters,
  ) {
    this.#queue = queue;
    this.#policy = policy;
    this.#limits = limits;
    this.#workers = workers;
    this.#counts = counts;
    this.#staging = new Staging(counts);
  }

  /** A slot is being filled, or a policy asked: it is the caller's code that has come here again, and must not hand out. */
  get isActive(): boolean {
    return this.#isActive;
  }

  /** Requests in the queue and in backlogs: all that is in nobody's window. O(1); O(w) while there are backlogs. */
  get waiting(): number {
    let waiting = this.#queue.size;
    if (!this.#hasBacklogs) return waiting;
    this.#hasBacklogs = false;
    for (const { backlog } of this.#workers) {
      if (backlog.length === 0) continue;
      this.#hasBacklogs = true;
      waiting += backlog.length;
    }
    return waiting;
  }

  /**
   * Gives out what the policy lets; then an idle worker gets of what others have. O(n log w) for n requests that find room.
   * @param before called first, as a part of it
   */
  run(before: (() => void) | undefined): void {
    this.#isActive = true;
    try {
      before?.();
      this.#emptyQueue();
      // A window may have been emptied by something else than completions.
      for (const worker of this.#workers) if (worker.backlog.length > 0) this.refill(worker);
      this.#staging.post();
      if (this.#queue.size === 0) rebalance(this.#workers, this);
    } finally {
      this.#isActive = false;
    }
  }

  #emptyQueue(): void {
    const queue = this.#queue;
    while (queue.size > 0) {
      const request = queue.peek();
      if (request === undefined) break;
      let view: View<Worker> | undefined;
      try {
        view = this.#select(request);
      } catch (error) {
        if (!this.#takeFirst(request)) continue;
        this.#counts.failed++;
        request.reject(error);
        continue;
      }
      if (view === undefined) break;
      const worker = placeFor(request, view.worker, this.#workers, this.#limits.lead);
      if (worker === undefined) break;
      if (this.#takeFirst(request)) this.#give(request, worker);
    }
  }

  #select(request: Request): View<Worker> | undefined {
    const { extras } = request;
    if (extras === undefined) return this.#policy.select(request) as View<Worker> | undefined;
    const { session } = extras;
    if (session === undefined) {
      extras.pinned = this.#policy.pins && extras.key !== undefined;
      return this.#policy.select(request) as View<Worker> | undefined;
    }
    return session.bind(() => this.#policy.select(request) as View<Worker> | undefined) as
      | View<Worker>
      | undefined;
  }

  /**
   * Takes a request out of the queue that has been its first.
   * @returns false: it is no longer. A policy, and listeners of a session that moves, may have submitted something more urgent, or aborted it
   */
  #takeFirst(request: Request): boolean {
    const first = this.#queue.shift();
    if (first === request) return true;
    if (first !== undefined) this.#queue.pushBack(first);
    return false;
  }

  #give(request: Request, worker: Worker): void {
    if (!worker.view.available || worker.backlog.length > 0) {
      if (request.extras !== undefined) request.extras.worker = worker;
      worker.backlog.push(request);
      this.#hasBacklogs = true;
      return;
    }
    this.#staging.stage(request, worker);
    this.#policy.update(worker.view);
  }

  /** Gives the worker what a pinning policy has chosen it for. */
  refill(worker: Worker): void {
    if (worker.backlog.length === 0) return;
    const wasActive = this.#isActive;
    // A pass in the middle, from a getter in arguments, would stage its requests into the very slot that is being filled.
    this.#isActive = true;
    try {
      while (worker.backlog.length > 0 && worker.view.available)
        this.#staging.stage(worker.backlog.shift() as Request, worker);
    } finally {
      this.#isActive = wasActive;
    }
  }

  give(requests: readonly Request[], from: Worker, to: Worker): void {
    this.#policy.update(from.view);
    if (requests.length === 0) return;
    this.#counts.reclaimed += requests.length;
    // A getter in the arguments of one may abort the next, which is in no window just now.
    for (const request of requests) if (!request.isSettled) this.#staging.stage(request, to);
    this.#policy.update(to.view);
    this.#staging.post();
  }

  release(requests: readonly Request[], from: Worker): void {
    this.#counts.reclaimed += requests.length;
    this.requeue(requests);
    this.#policy.update(from.view);
  }

  /** Puts requests back to their place in the queue. */
  requeue(requests: readonly Request[]): void {
    // The oldest last: then each comes to the very front.
    for (let i = requests.length - 1; i >= 0; i--) {
      const request = requests[i] as Request;
      if (request.isSettled) continue;
      if (request.extras !== undefined) request.extras.worker = undefined;
      this.#queue.pushBack(request);
    }
  }

  /** The worker is no more. */
  forget(worker: Worker): void {
    this.#staging.forget(worker);
  }
}
