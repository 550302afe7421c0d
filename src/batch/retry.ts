/** When a failed item is run again. */
export interface RetryOptions {
  /** Further runs of an item that has failed; an integer ≥ 0. */
  readonly attempts: number;
  /** Wait before the first of them, in ms. Default 100. */
  readonly delay?: number;
  /** Each further wait is that many times longer. Default 2. */
  readonly factor?: number;
  /** The longest wait, in ms. Default 30,000. */
  readonly maxDelay?: number;
  /** Share of a wait that is left to chance, from 0 to 1, so that items do not come back all at once. Default 0.2. */
  readonly jitter?: number;
}

/** The wait before run `attempt + 1`, in ms; `attempt` counts from 1. */
export function retryDelay(attempt: number, options: RetryOptions, random: () => number): number {
  const { delay = 100, factor = 2, maxDelay = 30_000, jitter = 0.2 } = options;
  const wait = Math.min(delay * factor ** (attempt - 1), maxDelay);
  return wait * (1 - jitter * random());
}
