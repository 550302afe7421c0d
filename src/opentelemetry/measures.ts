/**
 * Metrics after the pattern of `db.client.connection.*` in OpenTelemetry's semantic conventions: a worker in
 * the place of a connection.
 */
import type {
  Attributes,
  BatchObservableResult,
  Meter,
  Observable,
  ObservableResult,
} from '@opentelemetry/api';
import {
  IdleObserver,
  type ObservedRequest,
  type ObservedRun,
  type ObservedWorker,
} from '../ledger/observer.js';
import type { Observation } from '../stats/observation.js';
import { workersByState } from '../stats/worker-stats.js';

/** In s. The SDK's own are for ms. */
const BOUNDARIES = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/** Creates the instruments. @returns ends them */
export function measure(meter: Meter, observation: Observation): () => void {
  const pool = { 'leastwork.pool.name': observation.name };
  const stats = observation.statsReader();
  const workers = meter.createObservableUpDownCounter('leastwork.worker.count', {
    unit: '{worker}',
    description: 'Worker threads, by state',
  });
  const pending = meter.createObservableUpDownCounter('leastwork.request.pending', {
    unit: '{request}',
    description: 'Requests that wait',
  });
  const limit = meter.createObservableUpDownCounter('leastwork.request.pending.limit', {
    unit: '{request}',
    description: 'How many requests may wait: maxQueue',
  });
  const running = meter.createObservableUpDownCounter('leastwork.request.running', {
    unit: '{request}',
    description: 'Requests that threads run',
  });
  const requests = meter.createObservableCounter('leastwork.request.count', {
    unit: '{request}',
    description: 'Requests that are settled, by what became of them',
  });
  const observables: Observable[] = [workers, pending, limit, running, requests];
  const read = (result: BatchObservableResult): void => {
    const now = stats();
    result.observe(pending, now.waiting, pool);
    if (now.maxQueue !== undefined) result.observe(limit, now.maxQueue, pool);
    result.observe(running, now.running, pool);
    for (const [outcome, count] of Object.entries(now.outcomes)) {
      result.observe(requests, count, { ...pool, 'leastwork.request.outcome': outcome });
    }
    for (const [state, count] of workersByState(now.workers))
      result.observe(workers, count, { ...pool, 'leastwork.worker.state': state });
  };
  meter.addBatchObservableCallback(read, observables);
  const unobserve = observation.observe(new Times(meter, pool));
  return () => {
    meter.removeBatchObservableCallback(read, observables);
    unobserve();
  };
}

/** Counts the calls that no route of a Router has matched. @returns ends that */
export function measureUnrouted(meter: Meter, unrouted: () => number): () => void {
  const counter = meter.createObservableCounter('leastwork.request.unrouted', {
    unit: '{request}',
    description: 'Calls that no route of a Router has matched: they came to no Balancer',
  });
  const read = (result: ObservableResult): void => result.observe(unrouted());
  counter.addCallback(read);
  return () => counter.removeCallback(read);
}

/** Wait times and run times. */
class Times extends IdleObserver {
  readonly #pool: Attributes;
  readonly #wait;
  readonly #run;
  /** Attributes by the task's id: made once. */
  readonly #attributes = new Map<number, Attributes>();

  constructor(meter: Meter, pool: Attributes) {
    super();
    this.#pool = pool;
    const histogram = (name: string, description: string) =>
      meter.createHistogram(name, {
        unit: 's',
        description,
        advice: { explicitBucketBoundaries: [...BOUNDARIES] },
      });
    this.#wait = histogram('leastwork.request.wait_time', 'From submit to the start of the run');
    this.#run = histogram('leastwork.request.run_time', 'Run time');
  }

  override ran({ task, queuedAt }: ObservedRequest, _worker: ObservedWorker, run: ObservedRun): void {
    const { startedAt, runTime, completed, itemTimes } = run;
    if (completed === 0) return;
    const attributes = this.#attributesOf(task.id, task.name);
    const wait = queuedAt === undefined ? undefined : (startedAt - queuedAt) / 1000;
    // Each item of a chunk has waited as long as the chunk.
    if (wait !== undefined) for (let i = 0; i < completed; i++) this.#wait.record(wait, attributes);
    if (itemTimes === undefined)
      for (let i = 0; i < completed; i++) this.#run.record(runTime / completed / 1000, attributes);
    else for (const time of itemTimes) this.#run.record(time / 1000, attributes);
  }

  #attributesOf(id: number, name: string): Attributes {
    const known = this.#attributes.get(id);
    if (known !== undefined) return known;
    if (this.#attributes.size >= 10_000) this.#attributes.clear();
    const attributes = { ...this.#pool, 'leastwork.task.name': name };
    this.#attributes.set(id, attributes);
    return attributes;
  }
}
