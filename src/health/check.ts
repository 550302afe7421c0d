/** How many checks in a row turn the verdict. */
export interface CheckThresholds {
  /** Passed checks in a row after which a worker is healthy, ≥ 1. */
  readonly consecutiveSuccess: number;
  /** Failed checks in a row after which a worker is unhealthy, ≥ 1. */
  readonly consecutiveFailure: number;
}

/** Pingora's defaults. */
export const CHECK_DEFAULTS: CheckThresholds = { consecutiveSuccess: 1, consecutiveFailure: 1 };

/** `unchecked` is left by the first row of checks that is long enough, and comes back by `reset` only. */
export type CheckVerdict = 'unchecked' | 'healthy' | 'unhealthy';

/**
 * The verdict on one worker from a row of checks, as in Pingora's health checks (pingora-load-balancing, `health_check`).
 *
 * Unlike there, nobody is healthy before the first checks have passed: a new worker would otherwise get requests that
 * it may not be able to run.
 */
export class Check {
  readonly #thresholds: CheckThresholds;
  #verdict: CheckVerdict = 'unchecked';
  /** Length and kind of the row that the last check belongs to. */
  #row = 0;
  #rowPassed = false;

  constructor(thresholds: CheckThresholds) {
    this.#thresholds = thresholds;
  }

  get verdict(): CheckVerdict {
    return this.#verdict;
  }

  /** Notes a check; returns whether it turned the verdict. */
  observe(passed: boolean): boolean {
    this.#row = passed === this.#rowPassed ? this.#row + 1 : 1;
    this.#rowPassed = passed;
    const { consecutiveSuccess, consecutiveFailure } = this.#thresholds;
    if (this.#row < (passed ? consecutiveSuccess : consecutiveFailure)) return false;
    const verdict = passed ? 'healthy' : 'unhealthy';
    const turned = verdict !== this.#verdict;
    this.#verdict = verdict;
    return turned;
  }

  /** Forgets all checks. */
  reset(): void {
    this.#verdict = 'unchecked';
    this.#row = 0;
  }
}
