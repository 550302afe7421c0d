/** When an item of a map whose task has thrown runs again. */
import { BalancerError, TaskTimeoutError } from '../errors/errors.js';
import type { RetrySettings } from '../options/submit.js';

export class RetryRule {
  readonly #settings: RetrySettings;
  readonly #random: () => number;

  /** @param random gives a number from 0 up to 1, as `Math.random` */
  constructor(settings: RetrySettings, random: () => number) {
    this.#settings = settings;
    this.#random = random;
  }

  /**
   * @param attempts how often the item has run
   * @returns in how many ms it runs again; `undefined`: it does not
   * @throws what `when` throws
   */
  delayAfter(attempts: number, error: unknown, item: unknown): number | undefined {
    const { delay, factor, maxDelay, jitter, when } = this.#settings;
    if (attempts >= this.#settings.attempts || !mayPass(error)) return undefined;
    if (when !== undefined && !when(error, item)) return undefined;
    const whole = Math.min(maxDelay, delay * factor ** (attempts - 1));
    return whole * (1 - jitter * this.#random());
  }
}

/**
 * Errors of the Balancer itself come again: it cannot send the item, say, or is closed. A dead thread is a
 * matter of `retries`.
 */
function mayPass(error: unknown): boolean {
  try {
    return !(error instanceof BalancerError) || error instanceof TaskTimeoutError;
  } catch {
    // A proxy whose traps throw.
    return true;
  }
}
