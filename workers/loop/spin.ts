/**
 * Waiting for the next request without sleeping, where requests come faster than a sleeping thread can be woken.
 *
 * A spin that finds nothing within its limit was in vain; each doubles the number of waits that are left out next, so that
 * spinning takes next to nothing where requests come slower than that.
 */
import type { SpinPermits } from '../../src/protocol/spin-permits.js';
import type { Window } from '../../src/protocol/window.js';
import { now } from './natives.js';

/** Looks at the window between two looks at the clock. */
const LOOKS = 32;
/** Most waits left out after spins in vain. */
const MOST_SKIPPED = 64;

export class Spinner {
  readonly #window: Window;
  readonly #spinners: SpinPermits;
  readonly #id: number;
  readonly #limit: number;
  /** Waits to be left out before the next spin; and after the next that is in vain. */
  #skip = 0;
  #penalty = 1;

  /** @param limit of a spin, in ms */
  constructor(window: Window, spinners: SpinPermits, id: number, limit: number) {
    this.#window = window;
    this.#spinners = spinners;
    this.#id = id;
    this.#limit = limit;
  }

  /** Looks for the next request for a while. @param since now, in ms */
  spin(since: number): boolean {
    if (this.#skip > 0) {
      this.#skip--;
      return false;
    }
    if (!this.#spinners.enter(this.#id)) return false;
    const found = this.#look(since + this.#limit);
    this.#spinners.leave(this.#id);
    if (found) {
      this.#penalty = 1;
    } else {
      this.#skip = this.#penalty;
      this.#penalty = Math.min(MOST_SKIPPED, this.#penalty * 2);
    }
    return found;
  }

  #look(end: number): boolean {
    const window = this.#window;
    do {
      for (let i = 0; i < LOOKS; i++) if (window.unstarted() > 0) return true;
    } while (now() < end);
    return false;
  }
}
