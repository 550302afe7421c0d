/**
 * How the main thread learns of completions: it polls while results are due within microseconds, otherwise it
 * sleeps and is woken by a message.
 *
 * Polling means one look in each turn of the event loop, so the caller's own timers and I/O are served in
 * between. If workers take all cores of the machine it takes time from them, so only the shortest waits are
 * worth it.
 *
 *     off ⇄ looking ⇄ sleeping ← off
 *
 * Before it sleeps it says so on the bell and looks once more (see `window.ts`).
 */
// By name, not as globals: a test that puts fake timers in their place must not stop the Balancer.

import { performance } from '../protocol/clock.js';
import { clearTimeout, setImmediate, setTimeout } from '../protocol/timers.js';
import { bellStates } from '../protocol/window.js';

export interface Lookout {
  /** Reads completions and makes a pass. Returns how many completions there were. */
  look(): number;
  /** Whether there are completions to be read. */
  hasResults(): boolean;
  /** Time until a look is worthwhile, in ms; `undefined`: nothing is pending. */
  nextResult(): number | undefined;
  /** Whether `ended` is to be called when all has run that followed from the last look. */
  readonly isMeasured: boolean;
  ended(): void;
  /** Whether a worker may have, or soon get, completions that it does not announce at once. */
  mayCoalesce(): boolean;
}

export const POLLER_TRANSITIONS = {
  off: ['looking', 'sleeping'],
  looking: ['sleeping', 'off'],
  sleeping: ['looking'],
} as const satisfies Record<string, readonly string[]>;

type PollerState = keyof typeof POLLER_TRANSITIONS;

/** For results due within this time the main thread polls, in ms. */
const LOOK_MS = 0.05;
/** Latest look for a coalesced completion whose successor runs longer than expected, in ms. */
const FALLBACK_MS = 1;

export class Poller {
  readonly #word: Int32Array;
  readonly #lookout: Lookout;
  #state: PollerState = 'off';
  #immediate = false;
  /** A look receives messages, and one of them may be a `wake`. */
  #isLooking = false;
  #lastResult = 0;
  #fallback: NodeJS.Timeout | undefined;

  /** @param bell one word for all workers of a Balancer: whether the main thread looks or sleeps */
  constructor(bell: SharedArrayBuffer, lookout: Lookout) {
    this.#word = new Int32Array(bell);
    this.#lookout = lookout;
  }

  /** Requests have been sent. */
  arm(): void {
    if (this.#state === 'looking') return;
    this.#lastResult = performance.now();
    this.#choose(0);
  }

  /** A worker has woken the main thread, or a look is worthwhile for another reason. */
  wake(): void {
    this.#rouse();
    if (this.#immediate || this.#isLooking) return;
    this.#look();
  }

  /** Looks in the next turn of the event loop, also if no result is due. */
  lookSoon(): void {
    this.#rouse();
    this.#schedule();
  }

  stop(): void {
    this.#rouse();
    this.#enter('off');
    clearTimeout(this.#fallback);
    this.#fallback = undefined;
  }

  readonly #onImmediate = (): void => {
    this.#immediate = false;
    this.#look();
  };

  readonly #onEnded = (): void => this.#lookout.ended();

  readonly #onFallback = (): void => {
    if (this.#state !== 'sleeping') return;
    const mayCoalesce = this.#lookout.mayCoalesce();
    if (this.#lookout.hasResults()) this.wake();
    else if (mayCoalesce) this.#fallback?.refresh();
  };

  #look(): void {
    this.#enter('looking');
    const count = this.#lookOnce();
    const now = performance.now();
    if (count > 0) this.#lastResult = now;
    this.#choose(now - this.#lastResult);
  }

  #lookOnce(): number {
    this.#isLooking = true;
    try {
      return this.#lookout.look();
    } finally {
      this.#isLooking = false;
    }
  }

  /** @param waited how long there has been no result, in ms */
  #choose(waited: number): void {
    const next = this.#lookout.nextResult();
    if (next === undefined) {
      this.#rouse();
      this.#enter('off');
    } else if (next <= LOOK_MS && waited <= 2 * LOOK_MS) {
      this.#rouse();
      this.#schedule();
    } else {
      this.#sleep();
    }
  }

  #schedule(): void {
    this.#enter('looking');
    if (this.#immediate) return;
    this.#immediate = true;
    setImmediate(this.#onImmediate);
    // Behind the look, and all that awaits its results, with nothing in between.
    if (this.#lookout.isMeasured) setImmediate(this.#onEnded);
  }

  #sleep(): void {
    Atomics.store(this.#word, 0, bellStates.sleeping);
    // In this order: a completion that was coalesced before a run that makes this false is there for the next
    // look.
    const mayCoalesce = this.#lookout.mayCoalesce();
    if (this.#lookout.hasResults()) {
      this.#rouse();
      this.#schedule();
      return;
    }
    this.#enter('sleeping');
    if (!mayCoalesce) return;
    if (this.#fallback === undefined) {
      this.#fallback = setTimeout(this.#onFallback, FALLBACK_MS);
      this.#fallback.unref();
    } else {
      this.#fallback.refresh();
    }
  }

  #rouse(): void {
    if (this.#state === 'sleeping') this.#enter('looking');
    Atomics.store(this.#word, 0, bellStates.looking);
  }

  /** Stays where it is, or goes on along the table. */
  #enter(next: PollerState): void {
    if (next === this.#state) return;
    const allowed: readonly PollerState[] = POLLER_TRANSITIONS[this.#state];
    if (!allowed.includes(next)) throw new Error(`poller: no way from ${this.#state} to ${next}`);
    this.#state = next;
  }
}
