/** Records wait times and run times of a Balancer's requests. */
import type { Attributes, Histogram } from '@opentelemetry/api';
import {
  IdleObserver,
  type ObservedRequest,
  type ObservedRun,
  type ObservedWorker,
} from '../ledger/observer.js';

/** Tasks whose attributes are kept. */
const MOST_TASKS = 10_000;

export class Times extends IdleObserver {
  readonly #pool: string;
  readonly #wait: Histogram;
  readonly #run: Histogram;
  /** Attributes by the task's id: made once. */
  readonly #attributes = new Map<number, Attributes>();

  /** @param pool name of the Balancer @param wait @param run in s */
  constructor(pool: string, wait: Histogram, run: Histogram) {
    super();
    this.#pool = pool;
    this.#wait = wait;
    this.#run = run;
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
    if (this.#attributes.size >= MOST_TASKS) this.#attributes.clear();
    const attributes = { 'leastwork.pool.name': this.#pool, 'leastwork.task.name': name };
    this.#attributes.set(id, attributes);
    return attributes;
  }
}
