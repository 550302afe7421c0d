/**
 * Metrics after the pattern of `db.client.connection.*` in OpenTelemetry's semantic conventions: a worker in
 * the place of a connection.
 */
import type { BatchObservableResult, Histogram, Meter } from '@opentelemetry/api';
import type { Observation } from '../stats/observation.js';
import { type CallSdk, GuardedObserver } from './guarded-observer.js';
import { PoolSums } from './pool-sums.js';
import { type AttributesByTask, Times } from './times.js';

/** In s. The SDK's own are for ms. */
const BOUNDARIES = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

const measures = new WeakMap<Meter, Measures>();

/** The metrics of a meter. */
export function measuresOf(meter: Meter): Measures {
  const known = measures.get(meter);
  if (known !== undefined) return known;
  const created = new Measures(meter);
  measures.set(meter, created);
  return created;
}

export class Measures {
  readonly #pools = new PoolSums();
  /** Of the tasks of all Balancers of a name. */
  readonly #tasks = new Map<string, AttributesByTask>();
  /** Calls that no route has matched, of Routers that there are; and of those that have ended. */
  readonly #unrouted = new Map<object, () => number>();
  #unroutedBefore: number | undefined;
  /** What has gone into it of a Router. */
  readonly #counted = new WeakMap<object, number>();
  readonly #waitTime: Histogram;
  readonly #runTime: Histogram;

  /** Creates the instruments. */
  constructor(meter: Meter) {
    const request = { unit: '{request}' };
    const workers = meter.createObservableUpDownCounter('leastwork.worker.count', {
      unit: '{worker}',
      description: 'Worker threads, by state',
    });
    const pending = meter.createObservableUpDownCounter('leastwork.request.pending', {
      ...request,
      description: 'Requests that wait',
    });
    const limit = meter.createObservableUpDownCounter('leastwork.request.pending.limit', {
      ...request,
      description: 'How many requests may wait: maxQueue',
    });
    const running = meter.createObservableUpDownCounter('leastwork.request.running', {
      ...request,
      description: 'Requests that threads run',
    });
    const requests = meter.createObservableCounter('leastwork.request.count', {
      ...request,
      description: 'Requests that are settled, by what became of them',
    });
    const unrouted = meter.createObservableCounter('leastwork.request.unrouted', {
      ...request,
      description: 'Calls that no route of a Router has matched: they came to no Balancer',
    });
    const histogram = (name: string, description: string): Histogram =>
      meter.createHistogram(name, {
        unit: 's',
        description,
        advice: { explicitBucketBoundaries: [...BOUNDARIES] },
      });
    this.#waitTime = histogram('leastwork.request.wait_time', 'From submit to the start of the run');
    this.#runTime = histogram('leastwork.request.run_time', 'Run time');
    const read = (result: BatchObservableResult): void => {
      for (const [name, sum] of this.#pools.read()) {
        const pool = { 'leastwork.pool.name': name };
        result.observe(pending, sum.waiting, pool);
        if (sum.maxQueue !== undefined) result.observe(limit, sum.maxQueue, pool);
        result.observe(running, sum.running, pool);
        for (const [outcome, count] of Object.entries(sum.outcomes))
          result.observe(requests, count, { ...pool, 'leastwork.request.outcome': outcome });
        for (const [state, count] of sum.workers)
          result.observe(workers, count, { ...pool, 'leastwork.worker.state': state });
      }
      if (this.#unroutedBefore !== undefined) result.observe(unrouted, this.#readUnrouted());
    };
    meter.addBatchObservableCallback(read, [workers, pending, limit, running, requests, unrouted]);
  }

  /** Measures a Balancer. @returns ends that: what it has counted stays */
  measure(observation: Observation, call: CallSdk): () => void {
    const { name } = observation;
    const tasks = this.#tasks.get(name) ?? new Map();
    this.#tasks.set(name, tasks);
    const times = new Times(name, this.#waitTime, this.#runTime, tasks);
    const stops = [this.#pools.add(observation), observation.observe(new GuardedObserver(times, call))];
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** Counts the calls that no route of a Router has matched. @returns ends that */
  measureUnrouted(router: object, read: () => number): () => void {
    this.#unroutedBefore ??= 0;
    const before = this.#counted.get(router) ?? 0;
    this.#unrouted.set(router, () => read() - before);
    return () => {
      const more = this.#unrouted.get(router)?.() ?? 0;
      if (!this.#unrouted.delete(router)) return;
      this.#unroutedBefore = (this.#unroutedBefore ?? 0) + more;
      this.#counted.set(router, before + more);
    };
  }

  #readUnrouted(): number {
    let sum = this.#unroutedBefore ?? 0;
    for (const read of this.#unrouted.values()) sum += read();
    return sum;
  }
}
