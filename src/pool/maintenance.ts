/** Periodic work: one timer for all of it, and none while no duty needs one. */

import { MOST_MS } from '../options/validate.js';
import { performance } from '../protocol/clock.js';
import { clearTimeout, setTimeout } from '../protocol/timers.js';

/** One kind of periodic work. */
export interface Duty {
  /** Most time from the beginning of load to its look, in ms; `undefined`: it need not look. */
  readonly pace: number | undefined;
  /**
   * Does its work at `now` (ms). Returns when it must be called again even without load, in ms; `undefined`:
   * not before the next load.
   */
  look(now: number): number | undefined;
}

/** A parameter, so that tests need not wait. */
export interface Clock {
  now(): number;
  /** Calls once, after `ms`, without keeping the process alive. Returns a function that cancels the call. */
  after(ms: number, call: () => void): () => void;
}

const CLOCK: Clock = {
  now: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/**
 *            nudge                          a look without a next one
 *     resting ───→ alert (a look within `pace`) ─────────────────────→ resting
 *        └──── a look at a time that a duty has asked for ────→ look
 */
export class Maintenance {
  readonly #duties: readonly Duty[];
  readonly #clock: Clock;
  #cancel: (() => void) | undefined;
  /** A look comes within the pace of every duty, so `nudge` has nothing to do. */
  #alert = false;
  #stopped = false;

  constructor(duties: readonly Duty[], clock: Clock = CLOCK) {
    this.#duties = duties;
    this.#clock = clock;
  }

  /** There is load, or the set has changed. O(1) while a look is near. */
  nudge(): void {
    if (this.#alert || this.#stopped) return;
    const pace = this.#pace();
    if (pace === Number.POSITIVE_INFINITY) return;
    this.#alert = true;
    this.#arm(this.#clock.now() + pace);
  }

  /** Lets all duties look now. */
  look(): void {
    if (this.#stopped) return;
    const now = this.#clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const duty of this.#duties) next = Math.min(next, duty.look(now) ?? Number.POSITIVE_INFINITY);
    // A duty may have ended the last worker, on which a closing Balancer waited.
    if (this.#stopped) return;
    this.#alert = next <= now + this.#pace();
    this.#arm(next);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #pace(): number {
    let pace = Number.POSITIVE_INFINITY;
    for (const duty of this.#duties) pace = Math.min(pace, duty.pace ?? Number.POSITIVE_INFINITY);
    return pace;
  }

  #arm(at: number): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (at === Number.POSITIVE_INFINITY) return;
    const ms = Math.min(MOST_MS, Math.max(1, Math.ceil(at - this.#clock.now())));
    this.#cancel = this.#clock.after(ms, () => {
      this.#cancel = undefined;
      this.look();
    });
  }
}
