/**
 * When passes are made: once at the end of each turn in which requests came in, in the middle of a long burst
 * of them, and after each look at the completions.
 */

import type { Policy } from '../policies/policy.js';
import { performance } from '../protocol/clock.js';
import type { Queue } from '../requests/queue.js';
import type { Settlement } from '../requests/settlement.js';
import type { WindowLimits } from '../worker/setup.js';
import type { Worker } from '../worker/worker.js';
import type { Assignment } from './assignment.js';
import { nextResult, someHasResults, someIsAwaited, someIsPending, someMayCoalesce } from './load.js';
import { LookBudget } from './look-budget.js';
import { type Lookout, Poller } from './poller.js';
import { StuckWorkers } from './stuck-workers.js';

/** Most completions read from one worker at a time, whatever they cost. */
const MOST_AT_A_TIME = 1024;
/**
 * Requests submitted in one go before the first are assigned, so that workers need not wait for the end of a
 * long burst.
 */
const BURST = 64;
/** Most completions read in the middle of a burst: more than come meanwhile, and soon done. */
const MOST_IN_BURST = 4 * BURST;

export interface PassEvents {
  /**
   * Requests are about to be assigned: those whose time is over must not be. Called only if it is defined.
   */
  beginning?(): void;
  /** The queue has become shorter, or may have. */
  drained(): void;
  /** Nothing is queued, nothing pending, and nothing completed that is not settled. */
  idle(): void;
  /** Something is, after nothing was. */
  busy(): void;
}

export interface PassSetup {
  readonly policy: Policy;
  readonly limits: WindowLimits;
  /** One word for all workers: see `Poller`. */
  readonly bell: SharedArrayBuffer;
  /** How many threads the machine runs at once. */
  readonly cores: number;
  /** Whether a worker is being started that makes the set larger. */
  readonly isShort: () => boolean;
}

const soon = Promise.resolve();

export class Passes implements Lookout {
  readonly poller: Poller;
  readonly #policy: Policy;
  readonly #limits: WindowLimits;
  readonly #cores: number;
  readonly #events: PassEvents;
  readonly #workers: readonly Worker[];
  readonly #queue: Queue;
  readonly #assignment: Assignment;
  readonly #settlement: Settlement;
  readonly #stuckWorkers: StuckWorkers;
  readonly #budget = new LookBudget();
  #isMeasured = false;
  /** The worker whose completions are read first; it changes, since the last ones may have to wait. */
  #first = 0;
  #isScheduled = false;
  #isBusy = false;
  /** Requests submitted since the last pass. */
  #inBurst = 0;
  /**
   * Scheduled passes since the last look. Above 0 the caller may be in a loop of `then(submit)`; see
   * `#runInBurst`.
   */
  #passesSinceLook = 0;
  #turns = 0;
  readonly #onScheduled = (): void => {
    this.#isScheduled = false;
    this.#inBurst = 0;
    this.#passesSinceLook++;
    this.#turns = (this.#turns + 1) & 0xffffff;
    this.run();
  };
  readonly #releaseStuck = (): void => this.#stuckWorkers.look(performance.now());

  /** @param workers always the same list */
  constructor(
    setup: PassSetup,
    events: PassEvents,
    workers: readonly Worker[],
    queue: Queue,
    assignment: Assignment,
    settlement: Settlement,
  ) {
    this.#policy = setup.policy;
    this.#limits = setup.limits;
    this.#cores = setup.cores;
    this.#events = events;
    this.#workers = workers;
    this.#queue = queue;
    this.#assignment = assignment;
    this.#settlement = settlement;
    this.poller = new Poller(setup.bell, this);
    const { isBounded } = setup.limits.prefetch;
    this.#stuckWorkers = new StuckWorkers(workers, assignment, isBounded, () => this.poller.wake());
  }

  /** Whether something was queued, pending or not settled at the last pass. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** A number that changes with each scheduled pass. */
  get turns(): number {
    return this.#turns;
  }

  /** Makes a pass in this turn. O(1). */
  runSoon(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    void soon.then(this.#onScheduled);
  }

  /** A request came in. O(1). */
  submitted(): void {
    this.runSoon();
    if (++this.#inBurst >= BURST) this.#runInBurst();
  }

  /** Makes a pass now. O(n log w) for n requests that find room. */
  run(): void {
    this.#run(this.#stuckWorkers.atEachPass);
  }

  /**
   * Reads completions that are there, in the middle of a turn, and makes a pass.
   *
   * The turn may follow from promises that were settled so before, as in a loop of `then(submit)`. Such a
   * loop would never leave the microtasks, so its promises are settled in the next turn of the event loop.
   */
  catchUp(): void {
    if (this.#assignment.isActive) return;
    const settlement = this.#settlement;
    // A listener of a completion may have come here.
    const { defers } = settlement;
    settlement.defers = defers || this.#passesSinceLook > 0;
    this.#readCompletions(performance.now(), MOST_IN_BURST);
    settlement.defers = defers;
    this.run();
    if (this.#settlement.hasDeferred) this.poller.lookSoon();
  }

  /** The queue or a window has become shorter, by something other than a pass. */
  noteLoad(): void {
    const workers = this.#workers;
    const isBusy = this.#queue.size > 0 || someIsAwaited(workers) || this.#settlement.hasDeferred;
    if (someIsPending(workers)) {
      this.poller.arm();
      this.#stuckWorkers.arm();
    }
    if (isBusy === this.#isBusy) return;
    this.#isBusy = isBusy;
    if (isBusy) this.#events.busy();
    else this.#events.idle();
  }

  look(): number {
    const now = performance.now();
    this.#passesSinceLook = 0;
    const { limit } = this.#budget;
    this.#budget.began(now);
    let count = this.#settlement.settleDeferred(limit);
    this.#events.beginning?.();
    count += this.#readCompletions(now, limit - count);
    this.#isMeasured = this.#budget.read(count);
    if (count > 0) this.#assignment.changed();
    this.#run(true);
    if (this.#settlement.hasDeferred) this.poller.lookSoon();
    return count;
  }

  get isMeasured(): boolean {
    return this.#isMeasured;
  }

  ended(): void {
    this.#budget.ended(performance.now());
  }

  hasResults(): boolean {
    return someHasResults(this.#workers) || this.#settlement.hasDeferred;
  }

  mayCoalesce(): boolean {
    return someMayCoalesce(this.#workers);
  }

  nextResult(): number | undefined {
    return nextResult(this.#workers, this.#cores);
  }

  #run(releasesStuck: boolean): void {
    // Getters in arguments, and policies, are the caller's code: they may submit.
    if (this.#assignment.isActive) {
      this.runSoon();
      return;
    }
    this.#events.beginning?.();
    this.#assignment.run(releasesStuck ? this.#releaseStuck : undefined);
    this.#events.drained();
    this.noteLoad();
    if (this.#assignment.isUnfinished) this.poller.lookSoon();
  }

  /**
   * A pass in the middle of a long burst, with completions read so that windows do not run dry meanwhile.
   */
  #runInBurst(): void {
    this.#inBurst = 0;
    this.catchUp();
  }

  /** @param limit for all workers together @returns how many there were */
  #readCompletions(now: number, limit: number): number {
    const { prefetch } = this.#limits;
    const workers = this.#workers;
    prefetch.fade(now);
    let count = 0;
    this.#first = (this.#first + 1) & 0xffff;
    const first = this.#first;
    for (let i = 0; i < workers.length && count < limit; i++) {
      const worker = workers[(first + i) % workers.length] as Worker;
      if (!worker.completions.areThere) continue;
      count += worker.readCompletions(Math.min(MOST_AT_A_TIME, limit - count), now);
      const { interval, idleTime } = worker.completions;
      if (idleTime > 0 && this.#queue.size > 0) prefetch.ranDry(interval, idleTime, now);
      this.#assignment.refill(worker);
      this.#policy.update(worker.view);
    }
    return count;
  }
}
