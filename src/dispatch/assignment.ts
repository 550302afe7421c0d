/**
 * Which worker gets which request: from the queue into windows, by the policy's choice; between windows, if a
 * worker idles; and back into the queue.
 */

import type { Policy } from '../policies/policy.js';
import type { Queue } from '../requests/queue.js';
import type { Request } from '../requests/request.js';
import { keepInOrder } from '../requests/session-order.js';
import type { Worker } from '../worker/worker.js';
import { ActiveSet } from './active-set.js';
import type { Counters } from './counters.js';
import { HeldUp } from './held-up.js';
import { type Move, rebalance } from './rebalance.js';
import type { Selection } from './selection.js';
import { Staging } from './staging.js';
import { Urgency } from './urgency.js';

/** Most requests that are newly set aside in one pass. */
const MOST_SET_ASIDE = 256;

export class Assignment {
  readonly #queue: Queue;
  readonly #policy: Policy;
  readonly #workers: readonly Worker[];
  readonly #counts: Counters;
  readonly #staging: Staging;
  readonly #selection: Selection;
  readonly #urgency: Urgency;
  readonly #activeSet: ActiveSet;
  readonly #heldUp = new HeldUp();
  #setAside = 0;
  #asksAll = false;
  #isActive = false;
  /** False: no worker has a backlog. */
  #mayHaveBacklogs = false;

  /**
   * @param workers always the same list
   * @param cores how many threads the machine runs at once
   */
  constructor(
    queue: Queue,
    policy: Policy,
    workers: readonly Worker[],
    counts: Counters,
    selection: Selection,
    cores: number,
  ) {
    this.#queue = queue;
    this.#policy = policy;
    this.#workers = workers;
    this.#counts = counts;
    this.#staging = new Staging(counts);
    this.#selection = selection;
    this.#urgency = new Urgency(workers, (free, bound, from) => {
      this.takeBack(free, from);
      this.#takeBackBound(bound, from);
    });
    this.#activeSet = new ActiveSet(policy, workers, cores);
  }

  /**
   * Whether a slot is being filled, or a policy asked. Both may call the caller's code, from which nothing
   * must be assigned.
   */
  get isActive(): boolean {
    return this.#isActive;
  }

  /** Number of requests that are in no window. O(1); O(w) while there are backlogs. */
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
    this.#setAside = 0;
    try {
      before?.();
      this.#activeSet.begin(this.#queue.peek());
      this.#askHeldUp();
      this.#emptyQueue();
      while (this.#urgency.makeRoom(this.#queue.peek())) this.#emptyQueue();
      this.#selection.endReservations();
      this.#refillAll();
      this.#staging.post();
      const isWaiting = this.#queue.peek() !== undefined;
      if (!isWaiting) rebalance(this.#workers, this.#move);
      this.#activeSet.finish(isWaiting);
    } finally {
      this.#isActive = false;
    }
  }

  /** Whether workers may be parked: see `ActiveSet`. O(1). */
  get mayPark(): boolean {
    return this.#activeSet.isOn;
  }

  /** Whether another pass would go on where this one has stopped, to serve other I/O in between. */
  get isUnfinished(): boolean {
    return this.#setAside >= MOST_SET_ASIDE || (this.#heldUp.hasUnasked && this.#selection.hasRoom);
  }

  /**
   * A request has been completed, or a worker has come: requests that were declined may be accepted now.
   * O(1).
   */
  changed(): void {
    this.#heldUp.changed();
  }

  /** All workers are to be used, whatever waking them costs. O(w). */
  spread(): void {
    this.#activeSet.spread();
  }

  /** The next pass offers all requests again that were declined. */
  askAll(): void {
    this.#asksAll = true;
  }

  /** All requests that were declined go back to their place in the queue. */
  queueHeldUp(): void {
    for (const request of this.#heldUp.takeAll()) {
      this.#queue.takeAside(request);
      this.#queue.pushBack(request);
    }
  }

  /**
   * Gives the worker requests from its backlog, except those that are less urgent than the first one of the
   * queue: the next pass gives it these, if that one goes elsewhere.
   */
  refill(worker: Worker): void {
    if (worker.backlog.length === 0) return;
    this.#refill(worker, this.#queue.peek()?.priority ?? Number.NEGATIVE_INFINITY);
  }

  #refill(worker: Worker, least: number): void {
    const { backlog } = worker;
    const wasActive = this.#isActive;
    // A pass in the middle, from a getter in arguments, would stage its requests into the very slot that is
    // being filled.
    this.#isActive = true;
    try {
      while (backlog.length > 0 && backlog.priority >= least && worker.view.available)
        this.#staging.stage(backlog.shift() as Request, worker);
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

  /** Requests that have been taken back from a worker, and must run there, wait there. */
  #takeBackBound(requests: readonly Request[], from: Worker): void {
    const waiting = requests.filter((request) => !request.isSettled);
    if (waiting.length === 0) return;
    this.#counts.reclaimed += waiting.length;
    from.backlog.putBack(waiting);
    this.#mayHaveBacklogs = true;
  }

  /** Puts requests back to their place in the queue. */
  requeue(requests: readonly Request[]): void {
    keepInOrder(requests);
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
    this.#staging.forget(worker);
  }

  #emptyQueue(): void {
    const queue = this.#queue;
    for (;;) {
      const request = queue.peek();
      if (request === undefined) break;
      let worker: Worker | undefined;
      this.#activeSet.meet(request);
      try {
        worker = this.#selection.choose(request);
      } catch (error) {
        if (this.#takeFirst(request)) request.refuse(error, 'no-worker');
        continue;
      }
      if (worker === undefined && !this.#selection.hasRoom) break;
      if (!this.#takeFirst(request)) continue;
      if (worker !== undefined) {
        this.#give(request, worker);
        continue;
      }
      queue.setAside(request);
      this.#heldUp.add(request);
      if (++this.#setAside >= MOST_SET_ASIDE) break;
    }
  }

  #askHeldUp(): void {
    if (this.#heldUp.isEmpty) return;
    if (this.#asksAll) this.#heldUp.askAll(this.#offerAgain);
    else if (this.#policy.pins || this.#selection.hasRoom) this.#heldUp.ask(this.#offerAgain);
    this.#asksAll = false;
  }

  readonly #offerAgain = (request: Request): boolean => {
    let worker: Worker | undefined;
    this.#activeSet.meet(request);
    try {
      worker = this.#selection.choose(request);
    } catch (error) {
      if (!request.isSettled) this.#queue.takeAside(request);
      request.refuse(error, 'no-worker');
      return true;
    }
    // A policy may have aborted it.
    if (request.isSettled) return true;
    if (worker === undefined) return false;
    this.#queue.takeAside(request);
    this.#give(request, worker);
    return true;
  };

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
    if (!this.#heldUp.isEmpty) this.#heldUp.changed();
    const { backlog } = worker;
    const { extras } = request;
    // Ahead of what calls the policy, which may abort this very request: it is no longer in the queue.
    if (extras !== undefined) extras.worker = worker;
    if (backlog.lets(request)) this.#urgency.makeRoomOn(request, worker);
    if (request.isSettled) return;
    if (!worker.view.available || !backlog.lets(request)) {
      backlog.push(request);
      this.#mayHaveBacklogs = true;
      return;
    }
    this.#staging.stage(request, worker);
    this.#policy.update(worker.view);
  }

  /** A window may have been emptied by something other than completions. */
  #refillAll(): void {
    if (!this.#mayHaveBacklogs) return;
    let haveBacklogs = false;
    for (const worker of this.#workers) {
      this.#refill(worker, Number.NEGATIVE_INFINITY);
      if (worker.backlog.length > 0) haveBacklogs = true;
    }
    this.#mayHaveBacklogs = haveBacklogs;
  }

  readonly #move: Move = (requests, from, to) => {
    this.#policy.update(from.view);
    if (requests.length === 0) return;
    this.#counts.reclaimed += requests.length;
    // A getter in the arguments of one may abort the next, which is in no window just now.
    for (const request of requests) if (!request.isSettled) this.#staging.stage(request, to);
    this.#policy.update(to.view);
    this.#staging.post();
  };
}
