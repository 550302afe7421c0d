/**
 * Which worker gets which request: from the queue into windows, by the policy's choice; between windows, if a
 * worker idles; and back into the queue.
 */

import type { Policy } from '../policies/policy.js';
import type { Queue } from '../requests/queue.js';
import type { Request } from '../requests/request.js';
import type { WindowLimits } from '../worker/setup.js';
import type { View } from '../worker/view.js';
import type { Worker } from '../worker/worker.js';
import type { Counters } from './counters.js';
import { type Move, rebalance } from './rebalance.js';
import { placeFor } from './transfer-placement.js';

/**
 * Requests are taken back for a more urgent one only if they are expected to run for longer than this on average, in ms.
 * A window of shorter ones holds it up for no more than `Prefetch.work`, and has too many to send them twice.
 */
const WORTH_TAKING_BACK_MS = 0.05;

export class Assignment {
  readonly #queue: Queue;
  readonly #policy: Policy;
  readonly #limits: WindowLimits;
  readonly #workers: readonly Worker[];
  readonly #counts: Counters;
  /**
   * Workers with staged requests. All slots are filled first and then posted, so that a sleeping thread is
   * woken once.
   */
  readonly #staged: Worker[] = [];
  #isActive = false;
  /** False: no worker has a backlog. */
  #mayHaveBacklogs = false;

  /** @param workers always the same list */
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
  }

  /**
   * Whether a slot is being filled, or a policy asked. Both may call the caller's code, from which nothing
   * must be assigned.
   */
  get isActive(): boolean {
    return this.#isActive;
  }

  /**
   * Number of requests in the queue and in backlogs, thus in no window. O(1); O(w) while there are backlogs.
   */
  get waiting(): number {
    let waiting = this.#queue.size;
    if (!this.#mayHaveBacklogs) return waiting;
    for (const { backlog } of this.#workers) waiting += backlog.length;
    return waiting;
  }

  /**
   * Empties the queue as far as the policy allows, then moves requests to idle workers. O(n log w) for n
   * requests that find room.
   * @param before called first, as a part of it
   */
  run(before: (() => void) | undefined): void {
    this.#isActive = true;
    try {
      before?.();
      this.#emptyQueue();
      while (this.#makeRoom()) this.#emptyQueue();
      this.#refillAll();
      this.#post();
      if (this.#queue.size === 0) rebalance(this.#workers, this.#move);
    } finally {
      this.#isActive = false;
    }
  }

  /** Gives the worker requests from its backlog. */
  refill(worker: Worker): void {
    if (worker.backlog.length === 0) return;
    const wasActive = this.#isActive;
    // A pass in the middle, from a getter in arguments, would stage its requests into the very slot that is
    // being filled.
    this.#isActive = true;
    try {
      while (worker.backlog.length > 0 && worker.view.available)
        this.#stage(worker.backlog.shift() as Request, worker);
    } finally {
      this.#isActive = wasActive;
    }
  }

  /** Requests that have been taken back from a worker go to their place in the queue. */
  takeBack(requests: readonly Request[], from: Worker): void {
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

  /** The worker's thread has ended. */
  forget(worker: Worker): void {
    const at = this.#staged.indexOf(worker);
    if (at >= 0) this.#staged.splice(at, 1);
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
      const worker = placeFor(request, view.worker, this.#workers, this.#limits.prefetch);
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
   * Takes the first request out of the queue.
   * @returns false: it is no longer the first. A policy, or a listener of a session that moves, may have
   * submitted a more urgent one, or aborted it
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
      this.#mayHaveBacklogs = true;
      return;
    }
    this.#stage(request, worker);
    this.#policy.update(worker.view);
  }

  /**
   * If the first request of the queue finds no room: takes requests of lower priority back out of a window, so that it
   * runs next there. A window of fixed depth stays filled as it is. O(w + window).
   * @returns whether there is room for it now
   */
  #makeRoom(): boolean {
    if (this.#queue.size === 0 || !this.#limits.prefetch.isBounded) return false;
    const priority = this.#queue.peek()?.priority ?? Number.NEGATIVE_INFINITY;
    let least: Worker | undefined;
    for (const worker of this.#workers) {
      const { view, inFlight } = worker;
      if (worker.state !== 'ready') continue;
      if (view.available) return false;
      if (inFlight.lowestPriority >= priority) continue;
      if (!inFlight.hasUnknown && view.work < WORTH_TAKING_BACK_MS * view.pending) continue;
      if (least === undefined || view.work < least.view.work) least = worker;
    }
    if (least === undefined) return false;
    const requests = least.reclaimBelow(priority);
    this.takeBack(requests, least);
    // All of them have been started meanwhile: perhaps another window has some.
    return requests.length > 0 || this.#makeRoom();
  }

  /** A window may have been emptied by something other than completions. */
  #refillAll(): void {
    if (!this.#mayHaveBacklogs) return;
    let haveBacklogs = false;
    for (const worker of this.#workers) {
      this.refill(worker);
      if (worker.backlog.length > 0) haveBacklogs = true;
    }
    this.#mayHaveBacklogs = haveBacklogs;
  }

  readonly #move: Move = (requests, from, to) => {
    this.#policy.update(from.view);
    if (requests.length === 0) return;
    this.#counts.reclaimed += requests.length;
    // A getter in the arguments of one may abort the next, which is in no window just now.
    for (const request of requests) if (!request.isSettled) this.#stage(request, to);
    this.#policy.update(to.view);
    this.#post();
  };

  /**
   * Puts a request into the worker's window; `#post` makes it visible. Rejects it if its arguments cannot be
   * cloned. O(1).
   */
  #stage(request: Request, worker: Worker): void {
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
    if (!worker.hasStaged) {
      worker.hasStaged = true;
      this.#staged.push(worker);
    }
  }

  /** Posts all that is staged. O(w). */
  #post(): void {
    for (const worker of this.#staged) {
      worker.hasStaged = false;
      worker.flush();
    }
    this.#staged.length = 0;
  }
}
