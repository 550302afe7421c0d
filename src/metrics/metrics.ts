/** Counts wait times and run times of each task of a Balancer, in histograms. */
import type { ObservedTask } from '../ledger/observer.js';
import type { Recorders } from '../ledger/recorder.js';
import { performance } from '../protocol/clock.js';
import { Histogram } from './histogram.js';
import type { Metrics, MetricsReader, MetricsSnapshot, TaskMetrics } from './snapshot.js';
import { TaskTotals } from './task-totals.js';

/** Tasks that are told apart by name; the others are counted together, as `(other)`. */
const MOST_TASKS = 200;
const OTHER = '(other)';
/** Tasks whose name is looked up once. */
const MOST_IDS = 10_000;

interface Place {
  readonly at: number;
  readonly tasks: ReadonlyMap<string, TaskTotals>;
}

export class MetricsRecorders implements Recorders, Metrics {
  readonly #tasks = new Map<string, TaskTotals>();
  /** By the task's id: names are looked up once, of most tasks. */
  readonly #byId: (TaskTotals | undefined)[] = [];
  #base: Place = { at: performance.now(), tasks: new Map() };

  of({ id, name }: ObservedTask): TaskTotals {
    return this.#byId[id] ?? this.#enter(id, name);
  }

  snapshot(): MetricsSnapshot {
    return this.#since(this.#base);
  }

  reset(): void {
    this.#base = this.#place();
  }

  reader(): MetricsReader {
    let place = this.#place();
    return {
      read: () => {
        const snapshot = this.#since(place);
        place = this.#place();
        return snapshot;
      },
    };
  }

  #enter(id: number, name: string): TaskTotals {
    const key = this.#tasks.has(name) || this.#tasks.size < MOST_TASKS ? name : OTHER;
    let totals = this.#tasks.get(key);
    if (totals === undefined) {
      totals = new TaskTotals();
      this.#tasks.set(key, totals);
    }
    // A program that makes ever new functions must not fill the memory.
    if (id < MOST_IDS) this.#byId[id] = totals;
    return totals;
  }

  #place(): Place {
    const tasks = new Map(Array.from(this.#tasks, ([name, totals]) => [name, totals.copy()]));
    return { at: performance.now(), tasks };
  }

  #since(place: Place): MetricsSnapshot {
    const waitTime = new Histogram();
    const runTime = new Histogram();
    const tasks: (TaskMetrics & { readonly sum: number })[] = [];
    for (const [task, totals] of this.#tasks) {
      const since = totals.since(place.tasks.get(task));
      waitTime.add(since.waitTime);
      runTime.add(since.runTime);
      tasks.push({ task, sum: since.runTime.sum, ...since.metrics() });
    }
    return {
      from: place.at,
      to: performance.now(),
      waitTime: waitTime.distribution(),
      runTime: runTime.distribution(),
      tasks: tasks.sort((a, b) => b.sum - a.sum).map(({ sum: _, ...metrics }) => metrics),
    };
  }
}
