/** Snapshots of a Balancer, as plain data. */

import type { Dispatcher } from './dispatch/dispatcher.js';
import type { Ledger } from './ledger/ledger.js';
import type { OutcomeCounts } from './ledger/outcome.js';
import type { CircuitSnapshot } from './pool/circuit.js';
import type { Pool } from './pool/pool.js';
import type { WorkerState } from './worker/state.js';
import type { Worker } from './worker/worker.js';

export interface WorkerStats {
  readonly id: number;
  /** Number of its place, from 0 and below the number of workers; see `context.worker`. */
  readonly slot: number;
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
  /** Name of the Balancer. */
  readonly name: string;
  /**
   * Requests submitted since the start; each item of a `map` counts as one. At all times
   * `submitted = queued + running + the sum of outcomes`. Calls whose task, arguments or options are not valid
   * are no requests.
   */
  readonly submitted: number;
  /** Requests that are accepted and have not started: in the queue, or given to a worker. */
  readonly queued: number;
  /** Requests that a thread has started and whose promise is not settled. */
  readonly running: number;
  /** What became of the other ones. */
  readonly outcomes: OutcomeCounts;
  /** Requests that count towards `maxQueue`: those in the queue, and those that wait for a certain worker. */
  readonly waiting: number;
  /** The limit for `waiting`. */
  readonly maxQueue: number;
  /** Requests that were given to workers and have not completed. */
  readonly pending: number;
  /** Runs that have ended since the start, also those of requests whose caller had given them up. */
  readonly completed: number;
  /** How many of them have failed or crashed, and requests that could not be sent. */
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

export function snapshot(
  ledger: Ledger,
  dispatcher: Dispatcher,
  pool: Pool,
  maxQueue: number,
): BalancerStats {
  const running = countRunning(dispatcher.workers);
  const workers = [...pool.workers()].map((worker) => ({
    id: worker.id,
    slot: worker.slot,
    label: worker.view.label,
    state: worker.state,
    weight: worker.view.weight,
    pending: worker.view.pending + worker.backlog.length,
    completed: worker.completed,
    failed: worker.failed,
    busyTime: worker.completions.busyTime,
  }));
  return {
    name: ledger.name,
    submitted: ledger.submitted,
    queued: ledger.submitted - ledger.settled - running,
    running,
    outcomes: ledger.snapshot(),
    waiting: dispatcher.waiting,
    maxQueue,
    pending: dispatcher.pending,
    ...dispatcher.counts,
    circuit: pool.circuit.snapshot(),
    workers,
  };
}

/** Requests that are started and not settled. */
function countRunning(workers: readonly Worker[]): number {
  let running = 0;
  for (const worker of workers) if (worker.runningRequest?.isSettled === false) running++;
  return running;
}
