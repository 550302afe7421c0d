/** The load of a worker over the last period. */
export interface LoadReport {
  /** Requests per second, whether they succeeded or not. */
  readonly qps: number;
  /** Failures per second. Default 0. */
  readonly eps?: number;
  /** Share of the time in which the worker was busy, from 0 to 1. */
  readonly utilization: number;
}

/** When a weight is valid, in ms, and the cost of errors. */
export interface LoadWeightRules {
  readonly blackoutPeriod: number;
  readonly weightExpirationPeriod: number;
  readonly errorUtilizationPenalty: number;
}

/**
 * One worker's weight from its load reports: qps / (utilization + eps / qps × penalty), as in gRFC A58
 * ("Subchannel Weights", `UpdateWeight` and `GetWeight`).
 *
 * A weight is used once reports have come for `blackoutPeriod`. It expires when no report has come for
 * `weightExpirationPeriod`; the next report then begins a new blackout.
 */
export class LoadWeight {
  readonly #rules: LoadWeightRules;
  #weight = 0;
  #lastUpdated = -Infinity;
  #nonEmptySince = 0;

  constructor(rules: LoadWeightRules) {
    this.#rules = rules;
  }

  /** Takes a report into account. Without requests or utilization it is ignored. `now` in ms. */
  update(report: LoadReport, now: number): void {
    const { qps, eps = 0, utilization } = report;
    if (!(qps > 0 && utilization > 0)) return;
    if (this.#isExpired(now)) this.#nonEmptySince = now;
    this.#weight = qps / (utilization + (eps / qps) * this.#rules.errorUtilizationPenalty);
    this.#lastUpdated = now;
  }

  /** The weight, or 0 if it is unknown, in its blackout, or expired. `now` in ms. */
  at(now: number): number {
    return this.#isExpired(now) || now - this.#nonEmptySince < this.#rules.blackoutPeriod ? 0 : this.#weight;
  }

  #isExpired(now: number): boolean {
    return now - this.#lastUpdated >= this.#rules.weightExpirationPeriod;
  }
}
