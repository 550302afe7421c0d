/** Counts wait times and run times of each task of a Balancer, in histograms. */
import type { OutcomeCounts } from '../ledger/outcome.js';
import type { Recorders } from '../ledger/recorder.js';
import { performance } from '../protocol/clock.js';
import { Histogram } from './histogram.js';
import type { Metrics, MetricsReader, MetricsSnapshot, TaskMetrics } from './snapshot.js';
import { TaskTotals } from './task-totals.js';

interface Place {
  readonly at: number;
  readonly tasks: ReadonlyMap<string, TaskTotals>;
}

export class MetricsRecorders implements Recorders, Metrics {
  readonly #tasks = new Map<string, TaskTotals>();
  #base: Place = { at: performance.now(), tasks: new Map() };

  recorderOf(name: string, outcomes: OutcomeCounts): TaskTotals {
    const totals = new TaskTotals(outcomes, { ...outcomes });
    this.#tasks.set(name, totals);
    return totals;
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

  #place(): Place {
    const tasks = new Map(Array.from(this.#tasks, ([name, totals]) => [name, totals.copy()]));
    return { at: performance.now(), tasks };
  }

  #since(place: Place): MetricsSnapshot {
    const waitTime = new Histogram();
    const runTime = new Histogram();
    const tasks: (TaskMetrics & { readonly sum: number })[] = [];
    for (const [task, totals] of this.#tasks) {
      if (totals.isEmpty) continue;
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
