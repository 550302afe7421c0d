import type { OutlierConfig } from '../options/outlier.js';

/*
 * Outlier detection after gRPC A50 (github.com/grpc/proposal, A50-xds-outlier-detection.md), with workers in
 * place of addresses. Differences, and why:
 *
 * - Failures in a row eject, too, at once (Envoy's `consecutive_5xx`): the success-rate rule needs five
 *   workers.
 * - A task that fails everywhere says nothing about a worker. So failures in a row count only if another
 *   worker has succeeded meanwhile, and the failure-percentage rule is not applied while all workers that
 *   have run anything are above its threshold.
 * - An ejection does not end by time: it ends when a fresh thread that has passed the start-up check is in
 *   the place.
 *
 *      serving ──an outlier──→ ejected ──a fresh thread is there──→ serving
 */
export const OUTLIER_TRANSITIONS = {
  serving: ['ejected'],
  ejected: ['serving'],
} as const satisfies Record<string, readonly string[]>;

export type OutlierState = keyof typeof OUTLIER_TRANSITIONS;

/** Why a worker was ejected. */
export type EjectionReason = 'success-rate' | 'failure-percentage' | 'consecutive-failures';

export interface Ejection<Id> {
  readonly id: Id;
  readonly reason: EjectionReason;
}

interface Tracked<Id> {
  readonly id: Id;
  state: OutlierState;
  /** The active bucket of A50's call counter; `#swap` empties it. */
  successes: number;
  failures: number;
  /** Failures since the last success. */
  inARow: number;
  /** Successes of all workers together at the first of these failures. */
  successesThen: number;
  /** Ejections that count for the length of the next one: A50's multiplier. */
  multiplier: number;
}

/** The inactive bucket: what a worker completed in the interval just over. */
interface Volume<Id> {
  readonly worker: Tracked<Id>;
  readonly total: number;
  readonly successRate: number;
}

/** Decides which workers are ejected for failing more than the others. */
export class OutlierDetector<Id> {
  readonly #config: OutlierConfig;
  readonly #random: () => number;
  readonly #workers = new Map<Id, Tracked<Id>>();
  /** Number of ejected workers. */
  #out = 0;
  #successesOfAll = 0;

  /** @param random uniform in [0, 1) */
  constructor(config: OutlierConfig, random: () => number) {
    this.#config = config;
    this.#random = random;
  }

  /** Adds a worker, serving. Nothing changes if it is there. O(1). */
  add(id: Id): void {
    if (this.#workers.has(id)) return;
    this.#workers.set(id, {
      id,
      state: 'serving',
      successes: 0,
      failures: 0,
      inARow: 0,
      successesThen: 0,
      multiplier: 0,
    });
  }

  /** Removes a worker. Nothing changes if it is not there. O(1). */
  remove(id: Id): void {
    const worker = this.#workers.get(id);
    if (worker === undefined) return;
    if (worker.state !== 'serving') this.#out -= 1;
    this.#workers.delete(id);
  }

  /** A run has ended. Returns the ejection if this was one failure in a row too many. O(1). */
  observe(id: Id, ok: boolean): Ejection<Id> | undefined {
    const worker = this.#workers.get(id);
    if (worker === undefined) return undefined;
    if (ok) {
      worker.successes += 1;
      worker.inARow = 0;
      this.#successesOfAll += 1;
      return undefined;
    }
    worker.failures += 1;
    if (worker.inARow === 0) worker.successesThen = this.#successesOfAll;
    worker.inARow += 1;
    const rule = this.#config.consecutiveFailures;
    if (rule === false || worker.state !== 'serving' || worker.inARow < rule.threshold) return undefined;
    if (this.#successesOfAll === worker.successesThen || this.#full()) return undefined;
    const decided = this.#enforced(rule.enforcementPercentage);
    // A row of failures is judged once: else a chance of 10 % would become a certainty after some more of
    // them.
    worker.inARow = 0;
    return decided ? this.#eject(worker, 'consecutive-failures') : undefined;
  }

  /** To be called every `interval`: A50's timer. Returns the workers to eject now. O(n). */
  sweep(): Ejection<Id>[] {
    const volumes = this.#swap();
    const ejected = [...this.#bySuccessRate(volumes), ...this.#byFailurePercentage(volumes)];
    for (const worker of this.#workers.values())
      if (worker.state === 'serving' && worker.multiplier > 0) worker.multiplier -= 1;
    return ejected;
  }

  /**
   * A fresh thread is in the place of an ejected worker: it serves, and what the old thread did does not
   * count against it. The ejections of the place still count for the length of the next one.
   */
  readmit(id: Id): void {
    const worker = this.#workers.get(id);
    if (worker === undefined) return;
    worker.successes = 0;
    worker.failures = 0;
    worker.inARow = 0;
    if (worker.state === 'ejected') this.#enter(worker, 'serving');
  }

  /**
   * How long the place of an ejected worker stays vacant, in ms: nothing for the first ejection that counts,
   * then longer each time.
   */
  ejectionTime(id: Id): number {
    const { baseEjectionTime: base, maxEjectionTime: max } = this.#config;
    const again = (this.#workers.get(id)?.multiplier ?? 1) - 1;
    return Math.min(base * again, Math.max(base, max));
  }

  /** Returns what each worker completed since the last sweep, and begins a new interval. */
  #swap(): Volume<Id>[] {
    return Array.from(this.#workers.values(), (worker) => {
      const { successes, failures } = worker;
      worker.successes = 0;
      worker.failures = 0;
      const total = successes + failures;
      return { worker, total, successRate: total === 0 ? 1 : successes / total };
    });
  }

  *#bySuccessRate(volumes: readonly Volume<Id>[]): Iterable<Ejection<Id>> {
    const rule = this.#config.successRate;
    if (rule === false) return;
    const judged = volumes.filter(({ total }) => total > 0 && total >= rule.requestVolume);
    if (judged.length < rule.minimumHosts) return;
    const mean = judged.reduce((sum, { successRate }) => sum + successRate, 0) / judged.length;
    const variance =
      judged.reduce((sum, { successRate }) => sum + (successRate - mean) ** 2, 0) / judged.length;
    const required = mean - Math.sqrt(variance) * (rule.stdevFactor / 1000);
    const outliers = judged.filter(({ successRate }) => successRate < required);
    yield* this.#ejectAll(outliers, 'success-rate', rule.enforcementPercentage);
  }

  *#byFailurePercentage(volumes: readonly Volume<Id>[]): Iterable<Ejection<Id>> {
    const rule = this.#config.failurePercentage;
    if (rule === false || volumes.length < rule.minimumHosts) return;
    const active = volumes.filter(({ total }) => total > 0);
    const failing = active.filter(({ successRate }) => (1 - successRate) * 100 > rule.threshold);
    if (failing.length === active.length) return;
    const outliers = failing.filter(({ total }) => total >= rule.requestVolume);
    yield* this.#ejectAll(outliers, 'failure-percentage', rule.enforcementPercentage);
  }

  *#ejectAll(
    outliers: readonly Volume<Id>[],
    reason: EjectionReason,
    chance: number,
  ): Iterable<Ejection<Id>> {
    for (const { worker } of outliers) {
      if (this.#full()) return;
      if (worker.state !== 'serving' || !this.#enforced(chance)) continue;
      yield this.#eject(worker, reason);
    }
  }

  /** Whether no more may be ejected. As in gRPC and Envoy, the last one may exceed the share. */
  #full(): boolean {
    return (this.#out / this.#workers.size) * 100 >= this.#config.maxEjectionPercent;
  }

  #enforced(chance: number): boolean {
    return Math.floor(this.#random() * 100) < chance;
  }

  #eject(worker: Tracked<Id>, reason: EjectionReason): Ejection<Id> {
    this.#enter(worker, 'ejected');
    worker.multiplier += 1;
    return { id: worker.id, reason };
  }

  #enter(worker: Tracked<Id>, next: OutlierState): void {
    const allowed: readonly OutlierState[] = OUTLIER_TRANSITIONS[worker.state];
    if (!allowed.includes(next))
      throw new Error(`worker ${worker.id}: no way from ${worker.state} to ${next}`);
    this.#out += Number(next !== 'serving') - Number(worker.state !== 'serving');
    worker.state = next;
  }
}
