/**
 * How the main thread learns of completions: it looks by itself while results are due within microseconds, else it
 * sleeps and is woken by a message.
 *
 * Looking means one look in each turn of the event loop, so the caller's own timers and I/O are served in between. On a
 * machine whose cores are all taken by workers it takes time from them, so there only the shortest waits are worth it.
 *
 * off ──arm──→ looking ⇄ sleeping;  both ──nothing pending──→ off.
 * Before it sleeps it says so on the bell and looks once more (see `window.ts`).
 */
// By name, not as globals: a test that puts fake timers in their place must not stop the Balancer.
import { clearTimeout, setImmediate, setTimeout } from 'node:timers';
import { bellStates } from '../protocol/window.js';

/** What the poller asks of the dispatcher. */
export interface Lookout {
  /** Takes what is completed and dispatches. Returns how many completions there were. */
  look(): number;
  /** Whether a completion lies there. */
  hasResults(): boolean;
  /** Time until a look is worthwhile, in ms; `undefined`: nothing is pending. */
  nextResult(): number | undefined;
  /** Whether a worker may have, or soon get, completions that it does not announce at once. */
  mayHoldBack(): boolean;
}

/** Results due within this time are waited for by looking, in ms. */
const LOOK_MS = 0.05;
/** A completion held back for company, and then by a run that is longer than expected, is fetched after this time at the latest, in ms. */
const FALLBACK_MS = 1;

export class Poller {
  /** One word for all workers of a Balancer: whether the main thread looks or sleeps. */
  readonly bell = new SharedArrayBuffer(4);
  readonly #word = new Int32Array(this.bell);
  readonly #lookout: Lookout;
  #state: 'off' | 'looking' | 'sleeping' = 'off';
  #immediate = false;
  /** A look receives messages, and one of them may be a call to look. */
  #isLooking = false;
  #lastResult = 0;
  #fallback: NodeJS.Timeout | undefined;

  constructor(lookout: Lookout) {
    this.#lookout = lookout;
  }

  /** Something has been sent. */
  arm(): void {
    if (this.#state === 'looking') return;
    this.#lastResult = performance.now();
    this.#choose(0);
  }

  /** A worker has woken the main thread, or something else makes a look worthwhile. */
  wake(): void {
    this.#rouse();
    if (this.#immediate || this.#isLooking) return;
    this.#look();
  }

  /** Looks in the next turn of the event loop, whatever is due. */
  lookSoon(): void {
    this.#rouse();
    this.#schedule();
  }

  stop(): void {
    this.#rouse();
    this.#state = 'off';
    clearTimeout(this.#fallback);
    this.#fallback = undefined;
  }

  readonly #onImmediate = (): void => {
    this.#immediate = false;
    this.#look();
  };

  readonly #onFallback = (): void => {
    if (this.#state !== 'sleeping') return;
    const mayHoldBack = this.#lookout.mayHoldBack();
    if (this.#lookout.hasResults()) this.wake();
    else if (mayHoldBack) this.#fallback?.refresh();
  };

  #look(): void {
    this.#state = 'looking';
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

  /** @param waited for how long there has been no result, in ms */
  #choose(waited: number): void {
    const next = this.#lookout.nextResult();
    if (next === undefined) {
      this.#rouse();
      this.#state = 'off';
    } else if (next <= LOOK_MS && waited <= 2 * LOOK_MS) {
      this.#rouse();
      this.#schedule();
    } else {
      this.#sleep();
    }
  }

  #schedule(): void {
    this.#state = 'looking';
    if (this.#immediate) return;
    this.#immediate = true;
    setImmediate(this.#onImmediate);
  }

  #sleep(): void {
    Atomics.store(this.#word, 0, bellStates.sleeping);
    // In this order: what is held back before a run that makes it say no lies there for the look that follows.
    const mayHoldBack = this.#lookout.mayHoldBack();
    if (this.#lookout.hasResults()) {
      this.#rouse();
      this.#schedule();
      return;
    }
    this.#state = 'sleeping';
    if (!mayHoldBack) return;
    if (this.#fallback === undefined) {
      this.#fallback = setTimeout(this.#onFallback, FALLBACK_MS);
      this.#fallback.unref();
    } else {
      this.#fallback.refresh();
    }
  }

  #rouse(): void {
    if (this.#state === 'sleeping') this.#state = 'looking';
    Atomics.store(this.#word, 0, bellStates.looking);
  }
}
