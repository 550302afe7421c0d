import type { OutlierConfig } from '../options/outlier.js';
import { Check, type CheckThresholds } from './check.js';

/*
 * Outlier detection after gRPC A50 (github.com/grpc/proposal, A50-xds-outlier-detection.md), workers in place of
 * addresses. What differs, and why:
 *
 * - Failures in a row eject too, at once (Envoy's `consecutive_5xx`). The success-rate rule needs five workers.
 * - A task that fails everywhere says nothing about a worker. So failures in a row count only if another worker has succeeded
 *   meanwhile, and the failure-percentage rule is not applied while all workers that have run anything are above its threshold.
 * - The end of an ejection does not re-admit: it makes the worker due for a check, and passed checks re-admit it
 *   (Pingora's health checks).
 *
 *      serving ──an outlier──→ ejected ──the time is over──→ due ──checks passed──→ serving
 *                                 ↑                           │
 *                                 └────────checks failed──────┘
 */
export const OUTLIER_TRANSITIONS = {
  serving: ['ejected'],
  ejected: ['due'],
  due: ['serving', 'ejected'],
} as const satisfies Record<string, readonly string[]>;

export type OutlierState = keyof typeof OUTLIER_TRANSITIONS;

/** Why a worker was ejected. */
export type EjectionReason = 'success-rate' | 'failure-percentage' | 'consecutive-failures' | 'check-failed';

export interface Ejection {
  readonly id: number;
  readonly reason: EjectionReason;
}

/** What a sweep has changed. */
export interface Sweep {
  /** Workers to take out now. */
  readonly ejected: readonly Ejection[];
  /** Workers whose ejection is over: check them and report through `checked`. */
  readonly due: readonly number[];
}

/** What `stats()` shows of one worker. */
export interface OutlierSnapshot {
  readonly id: number;
  readonly state: OutlierState;
  /** Ejections that still count for the length of the next one. */
  readonly multiplier: number;
  /** Completed since the last sweep. */
  readonly successes: number;
  readonly failures: number;
}

interface Tracked {
  readonly id: number;
  state: OutlierState;
  /** The active bucket of A50's call counter; `#swap` empties it. */
  successes: number;
  failures: number;
  /** Failures since the last success. */
  inARow: number;
  /** Successes of all workers together at the first of these failures. */
  successesThen: number;
  multiplier: number;
  ejectedAt: number;
  readonly check: Check;
}

/** The inactive bucket: what a worker did in the interval just over. */
interface Volume {
  readonly worker: Tracked;
  readonly total: number;
  readonly successRate: number;
}

/** Decides who is taken out of the set for failing more than the others. Knows ids only; keeps no time of its own. */
export class OutlierDetector {
  readonly #config: OutlierConfig;
  readonly #thresholds: CheckThresholds;
  readonly #random: () => number;
  readonly #workers = new Map<number, Tracked>();
  /** Workers not serving; kept so that no rule has to count. */
  #out = 0;
  #successesOfAll = 0;

  /** `random` is uniform in [0, 1). */
  constructor(config: OutlierConfig, thresholds: CheckThresholds, random: () => number) {
    this.#config = config;
    this.#thresholds = thresholds;
    this.#random = random;
  }

  /** A worker has come, serving. Adding one that is there changes nothing. O(1). */
  add(id: number): void {
    if (this.#workers.has(id)) return;
    this.#workers.set(id, {
      id,
      state: 'serving',
      successes: 0,
      failures: 0,
      inARow: 0,
      successesThen: 0,
      multiplier: 0,
      ejectedAt: 0,
      check: new Check(this.#thresholds),
    });
  }

  /** A worker has gone. Removing one that is not there changes nothing. O(1). */
  remove(id: number): void {
    const worker = this.#workers.get(id);
    if (worker === undefined) return;
    if (worker.state !== 'serving') this.#out -= 1;
    this.#workers.delete(id);
  }

  /** The state of a worker, undefined if it is not there. */
  state(id: number): OutlierState | undefined {
    return this.#workers.get(id)?.state;
  }

  /** A run has ended. Returns the ejection where this was one failure in a row too many. `now` in ms. O(1). */
  observe(id: number, ok: boolean, now: number): Ejection | undefined {
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
    // A streak is judged once; otherwise a chance of 10 % would become a certainty after some more failures.
    worker.inARow = 0;
    return decided ? this.#eject(worker, 'consecutive-failures', now) : undefined;
  }

  /** To be called every `interval`: A50's timer. `now` in ms. O(n). */
  sweep(now: number): Sweep {
    const volumes = this.#swap();
    const ejected = [...this.#bySuccessRate(volumes, now), ...this.#byFailurePercentage(volumes, now)];
    const due: number[] = [];
    const { baseEjectionTime: base, maxEjectionTime: max } = this.#config;
    for (const worker of this.#workers.values()) {
      if (worker.state === 'serving' && worker.multiplier > 0) worker.multiplier -= 1;
      const length = Math.min(base * worker.multiplier, Math.max(base, max));
      if (worker.state === 'ejected' && now > worker.ejectedAt + length) {
        this.#enter(worker, 'due');
        worker.check.reset();
        due.push(worker.id);
      }
    }
    return { ejected, due };
  }

  /** The ejected worker's time ends early, since a fresh thread is in its place: it is due for a check. Else nothing happens. */
  renewed(id: number): void {
    const worker = this.#workers.get(id);
    if (worker?.state !== 'ejected') return;
    this.#enter(worker, 'due');
    worker.check.reset();
  }

  /** Ejections of a worker that still count for the length of the next one; 0 also where it is not there. */
  multiplier(id: number): number {
    return this.#workers.get(id)?.multiplier ?? 0;
  }

  /**
   * A check of a worker that is due has ended. Returns its state then: `'serving'` re-admits it, `'due'` asks for one
   * more check, `'ejected'` keeps it out for longer than before. Undefined if the worker is not there or not due.
   */
  checked(id: number, passed: boolean, now: number): OutlierState | undefined {
    const worker = this.#workers.get(id);
    if (worker?.state !== 'due') return undefined;
    worker.check.observe(passed);
    if (worker.check.verdict === 'healthy') {
      worker.inARow = 0;
      this.#enter(worker, 'serving');
    } else if (worker.check.verdict === 'unhealthy') {
      this.#eject(worker, 'check-failed', now);
    }
    return worker.state;
  }

  snapshot(): OutlierSnapshot[] {
    return Array.from(this.#workers.values(), ({ id, state, multiplier, successes, failures }) => ({
      id,
      state,
      multiplier,
      successes,
      failures,
    }));
  }

  /** Takes what each worker did since the last sweep, and begins a new interval. */
  #swap(): Volume[] {
    return Array.from(this.#workers.values(), (worker) => {
      const { successes, failures } = worker;
      worker.successes = 0;
      worker.failures = 0;
      const total = successes + failures;
      return { worker, total, successRate: total === 0 ? 1 : successes / total };
    });
  }

  *#bySuccessRate(volumes: readonly Volume[], now: number): Iterable<Ejection> {
    const rule = this.#config.successRate;
    if (rule === false) return;
    const judged = volumes.filter(({ total }) => total > 0 && total >= rule.requestVolume);
    if (judged.length < rule.minimumHosts) return;
    const mean = judged.reduce((sum, { successRate }) => sum + successRate, 0) / judged.length;
    const variance =
      judged.reduce((sum, { successRate }) => sum + (successRate - mean) ** 2, 0) / judged.length;
    const required = mean - Math.sqrt(variance) * (rule.stdevFactor / 1000);
    const outliers = judged.filter(({ successRate }) => successRate < required);
    yield* this.#ejectAll(outliers, 'success-rate', rule.enforcementPercentage, now);
  }

  *#byFailurePercentage(volumes: readonly Volume[], now: number): Iterable<Ejection> {
    const rule = this.#config.failurePercentage;
    if (rule === false || volumes.length < rule.minimumHosts) return;
    const active = volumes.filter(({ total }) => total > 0);
    const failing = active.filter(({ successRate }) => (1 - successRate) * 100 > rule.threshold);
    if (failing.length === active.length) return;
    const outliers = failing.filter(({ total }) => total >= rule.requestVolume);
    yield* this.#ejectAll(outliers, 'failure-percentage', rule.enforcementPercentage, now);
  }

  *#ejectAll(
    outliers: readonly Volume[],
    reason: EjectionReason,
    chance: number,
    now: number,
  ): Iterable<Ejection> {
    for (const { worker } of outliers) {
      if (this.#full()) return;
      if (worker.state !== 'serving' || !this.#enforced(chance)) continue;
      yield this.#eject(worker, reason, now);
    }
  }

  /** Whether as many are out as may be. As in gRPC and Envoy, the last one to go may exceed the share. */
  #full(): boolean {
    return (this.#out / this.#workers.size) * 100 >= this.#config.maxEjectionPercent;
  }

  #enforced(chance: number): boolean {
    return Math.floor(this.#random() * 100) < chance;
  }

  #eject(worker: Tracked, reason: EjectionReason, now: number): Ejection {
    this.#enter(worker, 'ejected');
    worker.ejectedAt = now;
    worker.multiplier += 1;
    return { id: worker.id, reason };
  }

  #enter(worker: Tracked, next: OutlierState): void {
    const allowed: readonly OutlierState[] = OUTLIER_TRANSITIONS[worker.state];
    if (!allowed.includes(next))
      throw new Error(`worker ${worker.id}: no way from ${worker.state} to ${next}`);
    this.#out += Number(next !== 'serving') - Number(worker.state !== 'serving');
    worker.state = next;
  }
}
