import { type Duration, POSITIVE_DURATION, toMs } from '../options/duration.js';
import { defaultsOf, type Fields, type Resolved } from '../options/validate.js';
import {
  type Outcome,
  type Policy,
  type PolicyContext,
  pendingPerWeight,
  type WorkerView,
} from './policy.js';
import { WorkerHeap } from './support/worker-heap.js';

/** Options of `peak-ewma`. */
export interface PeakEwmaConfig {
  /** Mean lifetime of a run time in the average, > 0. Default 10 s. */
  readonly decayTime?: Duration;
}

export const PEAK_EWMA_FIELDS: Fields<Resolved<PeakEwmaConfig>> = { decayTime: ['10s', POSITIVE_DURATION] };

/** Observations of one worker. */
interface Metric {
  /** Peak-sensitive moving average of the run time at `stamp`, in ms; 0: no observation. */
  cost: number;
  /** Time of the last change of `cost`, in ms since the policy was created. */
  stamp: number;
}

/** Least run time, 1 ns: 0 would count as no observation. */
const LEAST_RUN_TIME = 1e-6;
/** Load of a worker with requests but no observation: more than that of any observed one. */
const UNKNOWN = 1e12;
/** Load of an idle worker without observation: less than that of any observed one. */
const UNPROBED = -1e12;

/**
 * Selects the worker with the least cost × (pending + 1) / weight. The cost is a moving average of its run
 * times that rises to a peak at once and decays with time: Finagle's Peak EWMA. A worker without observation
 * gets one request, and the next one only when that has completed.
 *
 * Finagle compares two random workers, since all costs change with time. But all decay at the same rate: the
 * logarithm of the load is a constant of the worker minus the same term of time for all. So the constants can
 * be kept in a heap, which gives the best of all workers. Ties: see `WorkerHeap`.
 *
 * `select` O(1), `update` and `observe` O(log workers).
 */
export class PeakEwma implements Policy {
  readonly name = 'peak-ewma';
  readonly pins = false;
  readonly #heap = new WorkerHeap();
  readonly #metrics = new Map<number, Metric>();
  readonly #context: PolicyContext;
  readonly #decayTime: number;
  readonly #epoch: number;

  constructor(context: PolicyContext, config: Resolved<PeakEwmaConfig> = defaultsOf(PEAK_EWMA_FIELDS)) {
    this.#context = context;
    this.#decayTime = toMs(config.decayTime);
    this.#epoch = context.now();
  }

  add(worker: WorkerView): void {
    let metric = this.#metrics.get(worker.id);
    if (metric === undefined) {
      metric = { cost: 0, stamp: 0 };
      this.#metrics.set(worker.id, metric);
    }
    this.#heap.add(worker, this.#load(worker, metric));
  }

  remove(worker: WorkerView): void {
    this.#metrics.delete(worker.id);
    this.#heap.remove(worker);
  }

  select(): WorkerView | undefined {
    return this.#heap.top();
  }

  update(worker: WorkerView): void {
    const metric = this.#metrics.get(worker.id);
    if (metric !== undefined) this.#heap.update(worker, this.#load(worker, metric));
  }

  observe(worker: WorkerView, outcome: Outcome): void {
    const metric = this.#metrics.get(worker.id);
    if (metric === undefined) return;
    const runTime = Math.max(outcome.runTime, LEAST_RUN_TIME);
    const now = this.#context.now() - this.#epoch;
    const left = Math.exp(-Math.max(now - metric.stamp, 0) / this.#decayTime);
    const decayed = metric.cost * left;
    metric.cost = runTime > decayed ? runTime : decayed + runTime * (1 - left);
    metric.stamp = now;
  }

  /** Throws if the heap is out of order. For tests. */
  verify(): void {
    this.#heap.verify();
  }

  #load(worker: WorkerView, metric: Metric): number {
    const load = pendingPerWeight(worker);
    if (metric.cost === 0) return worker.pending === 0 ? UNPROBED : UNKNOWN + load;
    return Math.log(metric.cost * load) + metric.stamp / this.#decayTime;
  }
}
