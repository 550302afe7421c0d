/** Records wait times and run times of a Balancer's requests. */
import type { Attributes, Histogram } from '@opentelemetry/api';
import {
  IdleObserver,
  type ObservedRequest,
  type ObservedRun,
  type ObservedWorker,
} from '../ledger/observer.js';

/** Tasks that are told apart by name; the others are counted together: an SDK keeps each series it is told of. */
const MOST_TASKS = 200;
const OTHER = '(other)';

/** Attributes by the task's name: made once, and shared by all Balancers of a name. */
export type AttributesByTask = Map<string, Attributes>;

export class Times extends IdleObserver {
  readonly #pool: string;
  readonly #wait: Histogram;
  readonly #run: Histogram;
  readonly #attributes: AttributesByTask;

  /** @param pool name of the Balancer @param wait @param run in s @param attributes those of the pool's tasks */
  constructor(pool: string, wait: Histogram, run: Histogram, attributes: AttributesByTask) {
    super();
    this.#attributes = attributes;
    this.#pool = pool;
    this.#wait = wait;
    this.#run = run;
  }

  override ran({ task, queuedAt }: ObservedRequest, _worker: ObservedWorker, run: ObservedRun): void {
    const { startedAt, runTime, completed, itemTimes } = run;
    if (completed === 0) return;
    const attributes = this.#attributesOf(task.name);
    const wait = queuedAt === undefined ? undefined : (startedAt - queuedAt) / 1000;
    // Each item of a chunk has waited as long as the chunk.
    if (wait !== undefined) for (let i = 0; i < completed; i++) this.#wait.record(wait, attributes);
    if (itemTimes === undefined)
      for (let i = 0; i < completed; i++) this.#run.record(runTime / completed / 1000, attributes);
    else for (const time of itemTimes) this.#run.record(time / 1000, attributes);
  }

  #attributesOf(name: string): Attributes {
    const known = this.#attributes.get(name);
    if (known !== undefined) return known;
    if (name !== OTHER && this.#attributes.size >= MOST_TASKS) return this.#attributesOf(OTHER);
    const attributes = { 'leastwork.pool.name': this.#pool, 'leastwork.task.name': name };
    this.#attributes.set(name, attributes);
    return attributes;
  }
}
