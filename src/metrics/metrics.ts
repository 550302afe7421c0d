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
    let totals = this.#tasks.get(name);
    if (totals === undefined) {
      totals = new TaskTotals(outcomes, { ...outcomes });
      this.#tasks.set(name, totals);
    }
    return totals;
  }

  snapshot(): MetricsSnapshot {
    return since(this.#base, this.#place());
  }

  reset(): void {
    this.#base = this.#place();
  }

  reader(): MetricsReader {
    let place = this.#place();
    return {
      read: () => {
        // Threads count meanwhile: what this interval does not have, the next one has.
        const next = this.#place();
        const snapshot = since(place, next);
        place = next;
        return snapshot;
      },
    };
  }

  #place(): Place {
    const tasks = new Map(Array.from(this.#tasks, ([name, totals]) => [name, totals.copy()]));
    return { at: performance.now(), tasks };
  }
}

/** What has been counted from one place to a later one. */
function since(from: Place, to: Place): MetricsSnapshot {
  const waitTime = new Histogram();
  const runTime = new Histogram();
  const tasks: (TaskMetrics & { readonly sum: number })[] = [];
  for (const [task, all] of to.tasks) {
    if (all.isEmpty) continue;
    const totals = all.since(from.tasks.get(task));
    waitTime.add(totals.waitTime);
    runTime.add(totals.runTime);
    tasks.push({ task, sum: totals.runTime.sum, ...totals.metrics() });
  }
  return {
    from: from.at,
    to: to.at,
    waitTime: waitTime.distribution(),
    runTime: runTime.distribution(),
    tasks: tasks.sort((a, b) => b.sum - a.sum).map(({ sum: _, ...metrics }) => metrics),
  };
}
