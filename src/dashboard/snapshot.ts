/** `stats()` and histograms as the page gets them: no `Infinity`, times since 1970. */
import { messageOf } from '../errors/printing.js';
import type { TaskMetrics } from '../metrics/snapshot.js';
import type { BalancerStats } from '../stats/stats.js';
import type { Snapshot } from './wire.js';

export interface Totals {
  readonly fulfilled: number;
  readonly unsuccessful: number;
}

export interface Surroundings {
  /** In ms since 1970. */
  readonly at: number;
  /** To be added to times of `performance.now()`. */
  readonly epoch: number;
  readonly isClosed: boolean;
  readonly tasks: readonly TaskMetrics[];
}

export function snapshotOf(stats: BalancerStats, around: Surroundings): Snapshot {
  const { outcomes, circuit } = stats;
  return {
    at: Math.round(around.at),
    isClosed: around.isClosed,
    submitted: stats.submitted,
    outcomes: {
      fulfilled: outcomes.fulfilled,
      failed: outcomes.failed,
      crashed: outcomes.crashed,
      timedOut: outcomes['timed-out-queued'] + outcomes['timed-out-running'],
      aborted: outcomes.aborted,
      refused: outcomes.refused,
      closed: outcomes.closed,
    },
    timedOutQueued: outcomes['timed-out-queued'],
    waiting: stats.waiting,
    maxQueue: stats.maxQueue ?? null,
    pending: stats.pending,
    trouble: circuit.state === 'closed' ? null : messageOf(circuit.cause ?? 'the last starts have failed'),
    workers: stats.workers.map((worker) => ({
      id: worker.id,
      label: worker.label,
      state: worker.state,
      age: Math.round(worker.age),
      running:
        worker.running === undefined
          ? null
          : { task: worker.running.task, since: Math.round(worker.running.since + around.epoch) },
      pending: worker.pending,
      completed: worker.completed,
      failed: worker.failed,
      utilisation: Math.round(worker.utilization * 1000) / 1000,
      heap: worker.heap ?? null,
      restarts: worker.restarts,
    })),
    tasks: around.tasks.map(({ task, count, failed, waitTime, runTime, bytesIn, bytesOut }) => ({
      name: task,
      count,
      failed,
      busy: runTime.mean * runTime.count,
      runP50: runTime.count === 0 ? null : runTime.p50,
      runP99: runTime.count === 0 ? null : runTime.p99,
      waitP99: waitTime.count === 0 ? null : waitTime.p99,
      bytesIn,
      bytesOut,
    })),
  };
}
