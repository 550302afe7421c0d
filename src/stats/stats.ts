/** Snapshots of a Balancer, as plain data: JSON loses nothing of them but the cause of a failed start. */

import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { Ledger } from '../ledger/ledger.js';
import { type OutcomeCounts, REQUEST_OUTCOMES, type RefusalCounts } from '../ledger/outcome.js';
import type { CircuitSnapshot } from '../pool/circuit.js';
import type { Pool } from '../pool/pool.js';
import type { ThreadCounts } from '../pool/thread-counts.js';
import { performance } from '../protocol/clock.js';
import type { Utilization } from './utilization.js';
import { type WorkerStats, workerStats } from './worker-stats.js';

/** The parts of a Balancer that know the numbers. */
export interface StatsSource {
  readonly ledger: Ledger;
  readonly dispatcher: Dispatcher;
  readonly pool: Pool;
}

export interface BalancerStats {
  /** Name of the Balancer. */
  readonly name: string;
  /**
   * Requests submitted since the start; each item of a `map` counts as one. At all times `submitted = queued
   * + running + the sum of outcomes`. Calls whose task, arguments or options are not valid are no requests.
   */
  readonly submitted: number;
  /** Requests that are accepted and have not started: in the queue, or given to a worker. */
  readonly queued: number;
  /** Requests that a thread has started and whose promise is not settled. */
  readonly running: number;
  /** What became of the other ones. */
  readonly outcomes: OutcomeCounts;
  /** Why requests were refused: these are the refused ones of `outcomes`. */
  readonly refusals: RefusalCounts;
  /** Requests that count towards `maxQueue`: those in the queue, and those that wait for a certain worker. */
  readonly waiting: number;
  /** The limit for `waiting`; `undefined`: there is none. */
  readonly maxQueue: number | undefined;
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
  /** Sum of the run times, also of workers that have ended, in ms. */
  readonly busyTime: number;
  /** Workers that were ejected as broken. */
  readonly ejected: number;
  readonly threads: ThreadCounts;
  /** Whether workers can be started. */
  readonly circuit: CircuitSnapshot;
  readonly workers: readonly WorkerStats[];
}

export function snapshot(
  { ledger, dispatcher, pool }: StatsSource,
  maxQueue: number,
  utilization: Utilization,
): BalancerStats {
  const now = performance.now();
  const { running, counts } = dispatcher;
  const { submitted, outcomes } = ledger;
  const settled = REQUEST_OUTCOMES.reduce((sum, outcome) => sum + outcomes[outcome], 0);
  const workers = [...pool.workers()];
  return {
    name: ledger.name,
    submitted,
    queued: submitted - settled - running,
    running,
    outcomes,
    refusals: { ...ledger.refusals },
    waiting: dispatcher.waiting,
    maxQueue: maxQueue === Number.POSITIVE_INFINITY ? undefined : maxQueue,
    pending: dispatcher.pending,
    ...counts,
    busyTime: workers.reduce((sum, { busyTime }) => sum + busyTime, counts.busyTime),
    threads: pool.threads,
    circuit: pool.circuit.snapshot(),
    workers: workers.map((worker) => workerStats(worker, utilization, now)),
  };
}
