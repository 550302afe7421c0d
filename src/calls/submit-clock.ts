/**
 * When requests are submitted. Reading the clock takes 40 to 80 ns, a third of what a no-op takes in all, so
 * requests that come right after one another share a reading: twice as many each time, and 64 at most, as
 * long as all that shared the last one came within 20 µs. Where some code of the caller's takes its time
 * between two calls, each has a reading of its own, from the second such call on.
 *
 * A reading is good until the next scheduled pass: what is submitted after it may come any time later.
 */
import { performance } from '../protocol/clock.js';

/** Most requests that share a reading with the one that made it. */
const MOST_SHARING = 63;
/** Those that shared the last reading must have come within so many ms, for more to share the next one. */
const TOGETHER_MS = 0.02;

export class SubmitClock {
  /** `undefined` first, so that V8 keeps a pointer to the number: handing it on allocates nothing. */
  #at: number | undefined = undefined;
  #sharing = 0;
  #left = 0;
  #turn = -1;

  /**
   * The time, in ms of `performance.now()`.
   * @param turn a number that has changed whenever a scheduled pass has been made
   */
  now(turn: number): number | undefined {
    if (this.#left > 0 && turn === this.#turn) {
      this.#left--;
      return this.#at;
    }
    return this.#read(turn);
  }

  /** The next request gets a reading of its own: no pass is sure to come. */
  expire(): void {
    this.#left = 0;
  }

  #read(turn: number): number | undefined {
    const now = performance.now();
    const isTogether = turn === this.#turn && now - (this.#at ?? 0) <= TOGETHER_MS;
    this.#sharing = isTogether ? Math.min(MOST_SHARING, 2 * this.#sharing + 1) : 0;
    this.#left = this.#sharing;
    this.#turn = turn;
    this.#at = now;
    return this.#at;
  }
}
