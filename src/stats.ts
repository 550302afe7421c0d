/** Snapshots of a Balancer, as plain data. */

import type { Dispatcher } from './dispatch/dispatcher.js';
import type { CircuitSnapshot } from './pool/circuit.js';
import type { Pool } from './pool/pool.js';
import type { WorkerState } from './worker/state.js';

export interface WorkerStats {
  readonly id: number;
  /** Name for `hash` and `rendezvous`. A worker that replaces this one has the same label. */
  readonly label: string;
  /**
   * `starting`, `checking` (it runs the task of the `check` option), `ready`, `draining` (removed or
   * replaced: it finishes its running requests), or `ejected` (taken out as broken).
   */
  readonly state: WorkerState;
  readonly weight: number;
  /** Requests in its window, the running one included, and requests that wait for this worker alone. */
  readonly pending: number;
  /** Requests completed, failed ones included. */
  readonly completed: number;
  readonly failed: number;
  /** Sum of the run times, in ms. */
  readonly busyTime: number;
}

export interface BalancerStats {
  /** Requests in the queue, not yet given to a worker. */
  readonly queued: number;
  /**
   * Requests that count towards `maxQueue`: the queued ones, and those that wait for a certain worker, as
   * part of its `pending`.
   */
  readonly waiting: number;
  /** The limit for `waiting`. */
  readonly maxQueue: number;
  /** Requests that were given to workers and have not completed. */
  readonly pending: number;
  /** Counts since the start. */
  readonly submitted: number;
  readonly completed: number;
  readonly failed: number;
  /** Requests that were taken back from a worker before they had started, for another one. */
  readonly reclaimed: number;
  /** Requests that were run again after a crash. */
  readonly retried: number;
  /** Workers that were ejected as broken. */
  readonly ejected: number;
  /** Whether workers can be started. */
  readonly circuit: CircuitSnapshot;
  readonly workers: readonly WorkerStats[];
}

export function snapshot(dispatcher: Dispatcher, pool: Pool, maxQueue: number): BalancerStats {
  const workers = [...pool.workers()].map((worker) => ({
    id: worker.id,
    label: worker.view.label,
    state: worker.state,
    weight: worker.view.weight,
    pending: worker.view.pending + worker.backlog.length,
    completed: worker.completed,
    failed: worker.failed,
    busyTime: worker.completions.busyTime,
  }));
  return {
    queued: dispatcher.queue.size,
    waiting: dispatcher.waiting,
    maxQueue,
    pending: dispatcher.pending,
    ...dispatcher.counts,
    circuit: pool.circuit.snapshot(),
    workers,
  };
}
