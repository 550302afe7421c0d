/** How the waits between attempts grow. */
export interface BackoffOptions {
  /** Bound of the first wait, in ms, > 0. */
  readonly initial: number;
  /** Upper bound of every wait, in ms, ≥ `initial`. */
  readonly max: number;
  /** Factor from one bound to the next, ≥ 1. */
  readonly multiplier: number;
  /**
   * How much of the bound is random: `'full'` waits anywhere in [0, bound), `'equal'` in [bound / 2, bound),
   * `'none'` exactly the bound. `'equal'` never retries at once, which `'full'` may.
   */
  readonly jitter: 'full' | 'equal' | 'none';
}

/** Threads start in tens of milliseconds, so waits begin there; `max` is below gRPC's 120 s since nothing remote recovers. */
export const BACKOFF_DEFAULTS: BackoffOptions = { initial: 100, max: 30_000, multiplier: 2, jitter: 'equal' };

/**
 * Exponential backoff with jitter: each failure in a row makes the next wait longer, one success starts over.
 *
 * The growth is that of gRPC's connection backoff (grpc/doc/connection-backoff.md); the jitter is "full" or "equal" of
 * Marc Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015). It keeps no time: the caller waits.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: () => number;
  #failures = 0;

  /** `random` is uniform in [0, 1). */
  constructor(options: BackoffOptions, random: () => number) {
    this.#options = options;
    this.#random = random;
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures;
  }

  /** Notes a failure; returns how long to wait before the next attempt, in ms. */
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

  /** Notes a success: the next failure waits for `initial` again. */
  succeeded(): void {
    this.#failures = 0;
  }
}
