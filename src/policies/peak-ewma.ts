import {
  type Outcome,
  type Policy,
  type PolicyContext,
  pendingPerWeight,
  type WorkerView,
} from './policy.js';
import { type Duration, toMs } from './support/duration.js';
import { WorkerHeap } from './support/worker-heap.js';

/** Options of `peak-ewma`. */
export interface PeakEwmaConfig {
  /** Mean lifetime of a run time in the average, > 0. Default 10 s. */
  readonly decayTime?: Duration;
}

/** What has been learnt of one worker. */
interface Metric {
  /** Peak-sensitive moving average of the run time as of `stamp`, in ms; 0: nothing observed. */
  cost: number;
  /** When `cost` was last changed, in ms since the policy began. */
  stamp: number;
}

/** The least run time, 1 ns: a run below the clock's resolution is not the same as none. */
const LEAST_RUN_TIME = 1e-6;
/** Load of a worker that has requests and has shown nothing yet: more than of any that has. */
const UNKNOWN = 1e12;
/** Load of an idle worker that has shown nothing: less than of any that has. */
const UNPROBED = -1e12;

/**
 * The worker with the least cost × (pending + 1) / weight, where cost is the moving average of its run times, which a peak
 * resets at once and time decays: Finagle's Peak EWMA. A worker that has shown nothing yet gets one request, and
 * no second one before the first is done.
 *
 * Finagle compares two random workers, since all its costs change all the time. But they decay in step: the logarithm of
 * the load, less the time passed over the decay time, is the same for all but for a constant of each worker. So the
 * constants lie in a heap, and the best of all workers is found. Ties rotate.
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

  constructor(context: PolicyContext, config: PeakEwmaConfig = {}) {
    this.#context = context;
    this.#decayTime = toMs(config.decayTime ?? '10s');
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
