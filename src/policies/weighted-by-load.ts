import { type HeapEntry, IndexedHeap } from '../collections/indexed-heap.js';
import { DURATION, type Duration, POSITIVE_DURATION, toMs } from '../options/duration.js';
import { defaultsOf, type Fields, numberIn, type Resolved } from '../options/validate.js';
import type { Outcome, Policy, PolicyContext, WorkerView } from './policy.js';
import { type LoadReport, LoadWeight, type LoadWeightRules } from './support/load-weight.js';
import { verifyWorkers } from './support/worker-heap.js';

/** Options of `weighted-by-load`, with gRPC's names and defaults. */
export interface WeightedByLoadConfig {
  /** How long a worker must have reported before its weight is used, ≥ 0. Default 10 s. */
  readonly blackoutPeriod?: Duration;
  /** A weight expires when the worker has not reported for this long, > 0. Default 180 s. */
  readonly weightExpirationPeriod?: Duration;
  /** Time between calculations of the weights, > 0; less than 100 ms counts as 100 ms. Default 1 s. */
  readonly weightUpdatePeriod?: Duration;
  /** Utilization that is added for a share of errors of 1, a number ≥ 0. Default 1. */
  readonly errorUtilizationPenalty?: number;
}

export const WEIGHTED_BY_LOAD_FIELDS: Fields<Resolved<WeightedByLoadConfig>> = {
  blackoutPeriod: ['10s', DURATION],
  weightExpirationPeriod: ['180s', POSITIVE_DURATION],
  weightUpdatePeriod: ['1s', POSITIVE_DURATION],
  errorUtilizationPenalty: [1, numberIn(0, Number.POSITIVE_INFINITY)],
};

const LEAST_UPDATE_PERIOD = 100;

interface Entry extends HeapEntry {
  readonly worker: WorkerView;
  readonly load: LoadWeight;
  /** Virtual time between two turns: 1 / share. */
  period: number;
  /** Virtual time of the next turn; the key while the worker is available. */
  deadline: number;
  // Since the last calculation:
  runs: number;
  failures: number;
  /** Sum of run times, in ms. */
  busy: number;
}

/**
 * Selects the workers in turn, weighted by their throughput for their utilization: gRPC's
 * `weighted_round_robin` (gRFC A58). A worker's qps, eps and utilization are measured by its run times, or
 * come from `report`.
 *
 * Workers of unknown weight get the mean of the known ones; with fewer than two known weights, all are equal.
 * This share is multiplied by the worker's own weight. Turns are scheduled by earliest deadline: the next
 * turn of the selected worker is 1 / share later; the first turn of a new worker is at random within that
 * time.
 *
 * `select` and `update` O(log workers), and O(workers × log workers) once in each `weightUpdatePeriod`.
 */
export class WeightedByLoad implements Policy {
  readonly name = 'weighted-by-load';
  readonly pins = false;
  readonly #heap = new IndexedHeap<Entry>();
  readonly #entries = new Map<number, Entry>();
  readonly #context: PolicyContext;
  readonly #rules: LoadWeightRules;
  readonly #updatePeriod: number;
  #calculated: number;
  /** Virtual time: the deadline of the latest turn. */
  #turn = 0;
  #added = 0;
  #meanShare = 1;

  constructor(
    context: PolicyContext,
    config: Resolved<WeightedByLoadConfig> = defaultsOf(WEIGHTED_BY_LOAD_FIELDS),
  ) {
    this.#context = context;
    this.#rules = {
      blackoutPeriod: toMs(config.blackoutPeriod),
      weightExpirationPeriod: toMs(config.weightExpirationPeriod),
      errorUtilizationPenalty: config.errorUtilizationPenalty,
    };
    this.#updatePeriod = Math.max(toMs(config.weightUpdatePeriod), LEAST_UPDATE_PERIOD);
    this.#calculated = context.now();
  }

  add(worker: WorkerView): void {
    if (this.#entries.has(worker.id)) {
      this.update(worker);
      return;
    }
    const period = 1 / (this.#meanShare * worker.weight);
    const entry: Entry = {
      worker,
      load: new LoadWeight(this.#rules),
      period,
      deadline: this.#turn + period * this.#context.random(),
      runs: 0,
      failures: 0,
      busy: 0,
      key: Infinity,
      order: this.#added++,
      index: -1,
    };
    if (worker.available) entry.key = entry.deadline;
    this.#entries.set(worker.id, entry);
    this.#heap.insert(entry);
  }

  remove(worker: WorkerView): void {
    const entry = this.#entries.get(worker.id);
    if (entry === undefined) return;
    this.#entries.delete(worker.id);
    this.#heap.delete(entry);
  }

  select(): WorkerView | undefined {
    const now = this.#context.now();
    if (now - this.#calculated >= this.#updatePeriod) this.#calculate(now);
    const entry = this.#heap.top();
    if (entry === undefined || entry.key === Infinity) return undefined;
    this.#turn = entry.deadline;
    entry.deadline += entry.period;
    entry.key = entry.deadline;
    this.#heap.update(entry);
    return entry.worker;
  }

  update(worker: WorkerView): void {
    const entry = this.#entries.get(worker.id);
    if (entry === undefined || worker.available === (entry.key !== Infinity)) return;
    // Turns missed while it was unavailable are lost, not saved up.
    if (worker.available) entry.deadline = Math.max(entry.deadline, this.#turn);
    entry.key = worker.available ? entry.deadline : Infinity;
    this.#heap.update(entry);
  }

  observe(worker: WorkerView, outcome: Outcome): void {
    const entry = this.#entries.get(worker.id);
    if (entry === undefined) return;
    entry.runs += 1;
    entry.busy += outcome.runTime;
    if (!outcome.ok) entry.failures += 1;
  }

  /** Takes a load that was measured elsewhere into account, from the next calculation on. */
  report(worker: WorkerView, load: LoadReport): void {
    this.#entries.get(worker.id)?.load.update(load, this.#context.now());
  }

  /** Throws if the heap is out of order. For tests. */
  verify(): void {
    verifyWorkers(this.#heap, this.#entries);
  }

  #calculate(now: number): void {
    const seconds = (now - this.#calculated) / 1000;
    let sum = 0;
    let known = 0;
    for (const entry of this.#entries.values()) {
      const qps = entry.runs / seconds;
      const eps = entry.failures / seconds;
      entry.load.update({ qps, eps, utilization: entry.busy / 1000 / seconds }, now);
      entry.runs = 0;
      entry.failures = 0;
      entry.busy = 0;
      const weight = entry.load.at(now);
      if (weight === 0) continue;
      sum += weight;
      known += 1;
    }
    this.#calculated = now;
    this.#meanShare = known < 2 ? 1 : sum / known;
    for (const entry of this.#entries.values()) this.#reschedule(entry, known < 2 ? 0 : entry.load.at(now));
  }

  // The remaining wait is scaled like the period, so that turns keep their order.
  #reschedule(entry: Entry, weight: number): void {
    const period = 1 / ((weight === 0 ? this.#meanShare : weight) * entry.worker.weight);
    const left = Math.max(entry.deadline - this.#turn, 0);
    entry.deadline = this.#turn + (left * period) / entry.period;
    entry.period = period;
    if (entry.key === Infinity) return;
    entry.key = entry.deadline;
    this.#heap.update(entry);
  }
}
