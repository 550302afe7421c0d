/** What is to be done from time to time: one timer for all of it, and none while there is nothing to look after. */

import { MOST_MS } from '../options/validate.js';

/** One thing to look after. */
export interface Duty {
  /** How soon it must look once there is load, in ms; `undefined`: it need not. */
  readonly pace: number | undefined;
  /** Looks, at `now` (ms). Returns when to look again even if nothing happens, in ms; `undefined`: at the next load. */
  look(now: number): number | undefined;
}

/** The clock, so that tests need not wait. */
export interface Clock {
  now(): number;
  /** Calls once, after `ms`; it must not keep the process alive. Returns what cancels that. */
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
 *            nudge                      a look that wants no next one
 *     resting ───→ alert (due in pace) ──────────────────────────────→ resting
 *        ↑ └───────── due at some time, without load ──────────→ look
 */
export class Maintenance {
  readonly #duties: readonly Duty[];
  readonly #clock: Clock;
  #cancel: (() => void) | undefined;
  /** A look comes within the pace of every duty, so load makes no difference. */
  #alert = false;
  #stopped = false;

  constructor(duties: readonly Duty[], clock: Clock = CLOCK) {
    this.#duties = duties;
    this.#clock = clock;
  }

  /** There is load, or the set has changed. Costs next to nothing while a look is near. */
  nudge(): void {
    if (this.#alert || this.#stopped) return;
    const pace = this.#pace();
    if (pace === Number.POSITIVE_INFINITY) return;
    this.#alert = true;
    this.#arm(this.#clock.now() + pace);
  }

  /** Looks now. */
  look(): void {
    if (this.#stopped) return;
    const now = this.#clock.now();
    let next = Number.POSITIVE_INFINITY;
    for (const duty of this.#duties) next = Math.min(next, duty.look(now) ?? Number.POSITIVE_INFINITY);
    // A duty may have had the last worker ended, and with it everything.
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
