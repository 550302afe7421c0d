/**
 * How much work is sent ahead: what a window holds at most, in expected ms, so that its worker has enough to do until the main
 * thread has taken results and filled it again.
 *
 * It is as little as hides the hand-over, since what is sent is out of the queue's order. Where the main thread comes later than
 * that (it runs the caller's code, or the machine has more threads to run than cores), workers run dry while requests wait. Then as much
 * is sent as would have lasted, and what is added so fades again within seconds.
 */

/** Time in which the noted absence becomes half as long, in ms. */
const HALF_LIFE_MS = 1_000;
/** Idle time that does not count: it takes about as long to wake a thread. In ms. */
const HAND_OVER_MS = 0.1;
/** Most that is added, in ms: a caller's code that holds the main thread for longer holds up results as well. */
const MOST_ADDED_MS = 10;

export class Prefetch {
  readonly #least: number;
  #absence = 0;
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
    return Math.max(this.#least, this.#absence);
  }

  /** For how long workers that ran dry have waited for the main thread lately, in ms. */
  get absence(): number {
    return this.#absence;
  }

  /**
   * A worker has run dry while requests waited.
   * @param absence time since it was given something, in ms
   * @param idle how much of that it had nothing to do, in ms
   */
  missed(absence: number, idle: number, now: number): void {
    const noted = Math.min(absence, this.#least + MOST_ADDED_MS);
    if (idle < HAND_OVER_MS || noted <= this.#absence) return;
    this.#absence = noted;
    this.#since = now;
  }

  /** To be called now and then. */
  fade(now: number): void {
    if (this.#absence === 0 || now - this.#since < HALF_LIFE_MS / 10) return;
    const left = this.#absence * 0.5 ** ((now - this.#since) / HALF_LIFE_MS);
    this.#absence = left < HAND_OVER_MS ? 0 : left;
    this.#since = now;
  }
}
