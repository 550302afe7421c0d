/** Retries of failed items. */
export interface RetryOptions {
  /** Most runs of an item, the first one included; an integer ≥ 1. */
  readonly attempts: number;
  /** Wait before the first of them, in ms. Default 100. */
  readonly delay?: number;
  /** Growth of the wait from run to run, ≥ 1. Default 2. */
  readonly factor?: number;
  /** The longest wait, in ms. Default 30,000. */
  readonly maxDelay?: number;
  /** Random share of a wait, from 0 to 1: spreads the retries of many items. Default 0.2. */
  readonly jitter?: number;
}

/** The wait before run `attempt + 1`, in ms; `attempt` counts from 1. */
export function retryDelay(attempt: number, options: Required<RetryOptions>, random: () => number): number {
  const { delay, factor, maxDelay, jitter } = options;
  const wait = Math.min(delay * factor ** (attempt - 1), maxDelay);
  return wait * (1 - jitter * random());
}
