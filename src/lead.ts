/**
 * How much work is sent ahead: what a window holds at most, in expected ms, so that its worker has enough to do until the main
 * thread has taken results and filled it again.
 *
 * It is as little as hides the hand-over, since what is sent is out of the queue's order. Where the main thread comes later than
 * that (it runs the caller's code, or the machine has more threads to run than cores), workers run dry while requests wait. What they
 * lost so is added, and fades again within seconds.
 */

/** Half-life of what is added, in ms. */
const HALF_LIFE_MS = 1_000;
/** Idle time that does not count: it takes about as long to wake a thread. In ms. */
const HAND_OVER_MS = 0.1;
/** Most that is added, in ms: a caller's code that holds the main thread for longer holds up results as well. */
const MOST_ADDED_MS = 10;

export class Lead {
  readonly #least: number;
  #added = 0;
  #since = 0;

  /** @param least in ms; `Infinity`: the depth alone bounds windows */
  constructor(least: number) {
    this.#least = least;
  }

  /** Whether expected work bounds windows at all. */
  get isBounded(): boolean {
    return this.#least < Number.POSITIVE_INFINITY;
  }

  /** Most expected work in a window that is not empty, in ms. */
  get work(): number {
    return this.#least + this.#added;
  }

  /** How much of it is there since workers ran dry, in ms. */
  get added(): number {
    return this.#added;
  }

  /** A worker has had nothing to do for `idle` ms while requests waited. */
  missed(idle: number, now: number): void {
    if (idle < HAND_OVER_MS || idle <= this.#added) return;
    this.#added = Math.min(MOST_ADDED_MS, idle);
    this.#since = now;
  }

  /** To be called now and then. */
  fade(now: number): void {
    if (this.#added === 0 || now - this.#since < HALF_LIFE_MS / 10) return;
    const left = this.#added * 0.5 ** ((now - this.#since) / HALF_LIFE_MS);
    this.#added = left < HAND_OVER_MS ? 0 : left;
    this.#since = now;
  }
}
