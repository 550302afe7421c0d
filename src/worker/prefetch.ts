/**
 * How much work is sent ahead: the most expected ms in a window, so that its worker has enough to do until
 * the main thread has read results and filled it again.
 *
 * It is just deep enough to hide the hand-over latency, since requests in a window are out of the queue's
 * order. If the main thread comes later than that (it runs the caller's code, or the machine has more threads
 * to run than cores), workers run dry while requests wait. Then as much is sent as would have lasted; the
 * addition fades within seconds.
 */

/** Time in which the noted delay halves, in ms. */
const HALF_LIFE_MS = 1_000;
/** Idle time that does not count, since waking a thread takes about as long; in ms. */
const HAND_OVER_MS = 0.1;
/** Most that is added, in ms: caller's code that holds the main thread for longer delays results as well. */
const MOST_ADDED_MS = 10;

export class Prefetch {
  readonly #least: number;
  #mainThreadDelay = 0;
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
    return Math.max(this.#least, this.#mainThreadDelay);
  }

  /**
   * How long after filling a window the main thread has lately come back, where the worker ran dry; in ms.
   */
  get mainThreadDelay(): number {
    return this.#mainThreadDelay;
  }

  /**
   * A worker has run dry while requests waited.
   * @param delay time since its completions were last read, in ms
   * @param idle how much of that it had no work, in ms
   */
  ranDry(delay: number, idle: number, now: number): void {
    const noted = Math.min(delay, this.#least + MOST_ADDED_MS);
    if (idle < HAND_OVER_MS || noted <= this.#mainThreadDelay) return;
    this.#mainThreadDelay = noted;
    this.#since = now;
  }

  /** To be called from time to time; `now` in ms. */
  fade(now: number): void {
    if (this.#mainThreadDelay === 0 || now - this.#since < HALF_LIFE_MS / 10) return;
    const left = this.#mainThreadDelay * 0.5 ** ((now - this.#since) / HALF_LIFE_MS);
    this.#mainThreadDelay = left < HAND_OVER_MS ? 0 : left;
    this.#since = now;
  }
}
