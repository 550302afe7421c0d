/** What a worker has done lately. */
export interface LoadReport {
  /** Requests per second, whether they succeeded or not. */
  readonly qps: number;
  /** Failures per second. Default 0. */
  readonly eps?: number;
  /** Share of its time in which the worker was busy; 1: always. */
  readonly utilization: number;
}

/** When a weight counts, in ms, and what an error costs. */
export interface LoadWeightRules {
  readonly blackoutPeriod: number;
  readonly weightExpirationPeriod: number;
  readonly errorUtilizationPenalty: number;
}

/**
 * One worker's weight from its load reports: qps / (utilization + eps / qps × penalty), as in gRFC A58 ("Subchannel
 * Weights", `UpdateWeight` and `GetWeight`).
 *
 * A weight is used when reports have come for `blackoutPeriod`, and no longer when none has come for
 * `weightExpirationPeriod`; then the blackout begins again.
 */
export class LoadWeight {
  readonly #rules: LoadWeightRules;
  #weight = 0;
  #lastUpdated = -Infinity;
  #nonEmptySince = 0;

  constructor(rules: LoadWeightRules) {
    this.#rules = rules;
  }

  /** Takes in a report. One without requests or utilization says nothing, and is ignored. `now` in ms. */
  update(report: LoadReport, now: number): void {
    const { qps, eps = 0, utilization } = report;
    if (!(qps > 0 && utilization > 0)) return;
    if (this.#isExpired(now)) this.#nonEmptySince = now;
    this.#weight = qps / (utilization + (eps / qps) * this.#rules.errorUtilizationPenalty);
    this.#lastUpdated = now;
  }

  /** The weight; 0: not known, not known for long enough, or too old. `now` in ms. */
  at(now: number): number {
    return this.#isExpired(now) || now - this.#nonEmptySince < this.#rules.blackoutPeriod ? 0 : this.#weight;
  }

  #isExpired(now: number): boolean {
    return now - this.#lastUpdated >= this.#rules.weightExpirationPeriod;
  }
}
