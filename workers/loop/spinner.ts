/**
 * Waits for the next request without sleeping, for requests that come faster than a sleeping thread wakes up.
 *
 * Each spin in vain doubles the number of waits without a spin that follow, so spinning costs next to nothing
 * where requests come more slowly.
 */
import type { SpinPermits } from '../../src/protocol/spin-permits.js';
import type { Window } from '../../src/protocol/window.js';
import { now } from './natives.js';

/** How many looks at the window there are between two looks at the clock. */
const LOOKS = 32;
/** Most waits without a spin after spins in vain. */
const MAX_SKIPPED = 64;

export class Spinner {
  readonly #window: Window;
  readonly #permits: SpinPermits;
  readonly #id: number;
  readonly #limit: number;
  /** Waits to be skipped before the next spin, and after the next spin in vain. */
  #skip = 0;
  #penalty = 1;

  /** @param limit of a spin, in ms */
  constructor(window: Window, permits: SpinPermits, id: number, limit: number) {
    this.#window = window;
    this.#permits = permits;
    this.#id = id;
    this.#limit = limit;
  }

  /** Looks for the next request until the limit. @param since now, in ms */
  spin(since: number): boolean {
    if (this.#skip > 0) {
      this.#skip--;
      return false;
    }
    if (!this.#permits.enter(this.#id)) return false;
    const found = this.#look(since + this.#limit);
    this.#permits.leave(this.#id);
    if (found) {
      this.#penalty = 1;
    } else {
      this.#skip = this.#penalty;
      this.#penalty = Math.min(MAX_SKIPPED, this.#penalty * 2);
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
