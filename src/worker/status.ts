/** A worker's state, and whether it has room for one more request. */

import type { InFlight } from './in-flight.js';
import type { Sender } from './sender.js';
import type { WindowLimits, WorkerSetup } from './setup.js';
import { WORKER_TRANSITIONS, type WorkerState } from './state.js';

/** The numbers of a `View` that are needed here, and the one that is set. */
interface Room {
  readonly pending: number;
  readonly work: number;
  available: boolean;
}

export class Status {
  readonly #id: number;
  readonly #view: Room;
  readonly #limits: WindowLimits;
  readonly #inFlight: InFlight;
  readonly #sender: Sender;
  readonly #maxRequests: number;
  readonly #completed: () => number;
  #state: WorkerState = 'starting';
  #isPaused = false;
  #isUnresponsive = false;
  #isParked = false;
  /**
   * Requests have left the window for a more urgent one, which runs next unless the running one is over late.
   */
  hasUrgent = false;

  constructor(
    { id, limits, maxRequests }: Pick<WorkerSetup, 'id' | 'limits' | 'maxRequests'>,
    view: Room,
    inFlight: InFlight,
    sender: Sender,
    completed: () => number,
  ) {
    this.#completed = completed;
    this.#id = id;
    this.#maxRequests = maxRequests;
    this.#view = view;
    this.#limits = limits;
    this.#inFlight = inFlight;
    this.#sender = sender;
  }

  get state(): WorkerState {
    return this.#state;
  }

  /** @throws Error the table of transitions has no such one */
  enter(next: WorkerState): void {
    const allowed: readonly WorkerState[] = WORKER_TRANSITIONS[this.#state];
    if (!allowed.includes(next)) throw new Error(`worker ${this.#id}: no way from ${this.#state} to ${next}`);
    this.#state = next;
    this.update();
  }

  /** Its running request has become long: nothing more is sent until that is over. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Its thread has been asked for an answer and has not given it: it gets no requests. */
  get isUnresponsive(): boolean {
    return this.#isUnresponsive;
  }

  /** It gets no requests for now, since other workers are enough. */
  get isParked(): boolean {
    return this.#isParked;
  }

  park(isParked: boolean): void {
    this.#isParked = isParked;
    this.update();
  }

  pause(): void {
    this.#isPaused = true;
    this.update();
  }

  /** Its thread has been asked for an answer. */
  called(): void {
    this.#isUnresponsive = true;
    this.update();
  }

  /** Its thread has answered. */
  answered(): void {
    this.#isUnresponsive = false;
    this.update();
  }

  /** Its thread has completed something. */
  progressed(): void {
    this.#isPaused = false;
    this.#isUnresponsive = false;
    this.hasUrgent = false;
    this.update();
  }

  /**
   * How many more requests, or items, it may get; `Infinity`: no limit. A worker that drains gets only
   * requests of its sessions, which have no limit, since the state that they keep in the thread is wanted.
   */
  get allowance(): number {
    if (this.#state !== 'ready') return Number.POSITIVE_INFINITY;
    return this.#maxRequests - this.#completed() - this.#inFlight.items;
  }

  /** Sets whether it has room. To be called after each change of its window. O(1). */
  update(): void {
    const view = this.#view;
    const limits = this.#limits;
    view.available =
      this.#state !== 'dead' &&
      !this.#isUnresponsive &&
      !this.#isParked &&
      (this.#maxRequests === Number.POSITIVE_INFINITY || this.allowance > 0) &&
      (view.pending === 0 ||
        (!this.#isPaused &&
          view.pending < limits.depth &&
          this.#inFlight.bytes + this.#sender.countUnreadBytes() < limits.bytes &&
          // One ahead hides the hand-over, however long its run is expected to be: `StuckWorkers` takes it
          // back in time.
          (view.pending === 1 || view.work < limits.prefetch.work)));
  }
}
