/** Counts of times by task, in the buckets of a Prometheus histogram. */
import {
  IdleObserver,
  type ObservedRequest,
  type ObservedRun,
  type ObservedWorker,
} from '../ledger/observer.js';

/** Tasks that are told apart by name; the others are counted together. */
const MOST_TASKS = 200;
const OTHER = '(other)';

export class BucketCounts {
  readonly #bounds: readonly number[];
  /** The last one is of all that exceed the last bound. */
  readonly counts: number[];
  /** In s. */
  sum = 0;

  /** @param bounds in s, ascending */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.counts = new Array(bounds.length + 1).fill(0);
  }

  get count(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  record(seconds: number, times: number): void {
    let low = 0;
    let high = this.#bounds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (seconds <= (this.#bounds[middle] as number)) high = middle;
      else low = middle + 1;
    }
    (this.counts[low] as number) += times;
    this.sum += seconds * times;
  }

  add(other: BucketCounts): void {
    for (const [i, count] of other.counts.entries()) (this.counts[i] as number) += count;
    this.sum += other.sum;
  }
}

export interface TaskTimes {
  readonly wait: BucketCounts;
  readonly run: BucketCounts;
}

export class TimesByTask extends IdleObserver {
  readonly tasks = new Map<string, TaskTimes>();
  readonly #bounds: readonly number[];

  constructor(bounds: readonly number[]) {
    super();
    this.#bounds = bounds;
  }

  override ran({ task, queuedAt }: ObservedRequest, _worker: ObservedWorker, run: ObservedRun): void {
    const { startedAt, runTime, completed, itemTimes } = run;
    if (completed === 0) return;
    const times = this.#of(task.name);
    if (queuedAt !== undefined) times.wait.record((startedAt - queuedAt) / 1000, completed);
    if (itemTimes === undefined) times.run.record(runTime / completed / 1000, completed);
    else for (const time of itemTimes) times.run.record(time / 1000, 1);
  }

  #of(name: string): TaskTimes {
    const known = this.tasks.get(name);
    if (known !== undefined) return known;
    if (name !== OTHER && this.tasks.size >= MOST_TASKS) return this.#of(OTHER);
    const times = { wait: new BucketCounts(this.#bounds), run: new BucketCounts(this.#bounds) };
    this.tasks.set(name, times);
    return times;
  }
}
