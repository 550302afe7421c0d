/** A plain snapshot of a Balancer. */

import type { Dispatcher } from './dispatch/dispatcher.js';
import type { CircuitSnapshot } from './pool/circuit.js';
import type { Pool } from './pool/pool.js';
import type { WorkerState } from './worker/state.js';

export interface WorkerStats {
  readonly id: number;
  /** The worker that takes its place has the same one; `hash` and `rendezvous` know it by that. */
  readonly label: string;
  /**
   * `starting`, `checking` (it must pass the `check` option), `ready`, `draining` (removed or replaced, it finishes what it has
   * started), or `ejected` (taken out as broken).
   */
  readonly state: WorkerState;
  readonly weight: number;
  /** Requests in its window, the running one included, and those that wait for it alone. */
  readonly pending: number;
  /** Requests completed, failed ones included. */
  readonly completed: number;
  readonly failed: number;
  /** Sum of the run times, in ms. */
  readonly busyTime: number;
}

export interface BalancerStats {
  /** Requests not yet given to any worker. */
  readonly queued: number;
  /** Requests that count against `maxQueue`: those queued, and those that wait for one worker alone, which are in its `pending`, too. */
  readonly waiting: number;
  /** The limit of `waiting`. */
  readonly maxQueue: number;
  /** Requests given to workers and not completed. */
  readonly pending: number;
  /** Counts since the start. */
  readonly submitted: number;
  readonly completed: number;
  readonly failed: number;
  /** Requests that were taken back from one worker before they had started, for another. */
  readonly reclaimed: number;
  /** Requests that were run again after a crash. */
  readonly retried: number;
  /** Workers that were taken out as broken. */
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
    busyTime: worker.busyTime,
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
