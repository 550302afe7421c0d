/** How the delays between attempts grow. */
export interface BackoffOptions {
  /** Bound of the first delay, in ms, > 0. */
  readonly initial: number;
  /** Upper bound of every delay, in ms, ≥ `initial`. */
  readonly max: number;
  /** Factor from one bound to the next, ≥ 1. */
  readonly multiplier: number;
  /**
   * `'full'` draws the delay from [0, bound), `'equal'` from [bound / 2, bound); `'none'` takes the bound
   * itself. `'equal'` never retries at once, as `'full'` may.
   */
  readonly jitter: 'full' | 'equal' | 'none';
}

/**
 * Threads start in tens of milliseconds, so delays begin there; `max` is below gRPC's 120 s since nothing
 * remote has to recover.
 */
export const BACKOFF_DEFAULTS: BackoffOptions = { initial: 100, max: 30_000, multiplier: 2, jitter: 'equal' };

/**
 * Exponential backoff with jitter: each failure in a row makes the next delay longer, one success resets it.
 *
 * The growth is that of gRPC's connection backoff (grpc/doc/connection-backoff.md); the jitter is "full" or
 * "equal" of Marc Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015). It has no timer:
 * the caller waits.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: () => number;
  #failures = 0;

  /** @param random uniform in [0, 1) */
  constructor(options: BackoffOptions, random: () => number) {
    this.#options = options;
    this.#random = random;
  }

  /** Notes a failure; returns the delay before the next attempt, in ms. */
  failed(): number {
    const { initial, max, multiplier, jitter } = this.#options;
    // The power becomes Infinity after some thousand failures; the bound stays finite.
    const bound = Math.min(max, initial * multiplier ** this.#failures);
    this.#failures += 1;
    switch (jitter) {
      case 'full':
        return this.#random() * bound;
      case 'equal':
        return bound / 2 + (this.#random() * bound) / 2;
      case 'none':
        return bound;
    }
  }

  /** Notes a success: the next delay is `initial` again. */
  succeeded(): void {
    this.#failures = 0;
  }
}
