import type { WorkerEjectionReason } from './health/supervisor.js';

import type { OutputLine } from './worker/task-output.js';

/** The events of a Balancer. */
export interface BalancerEvents {
  /** The queue has space again, after a request was refused or somebody waited in `ready()`. */
  drain: [];
  /** A worker is ready. */
  workerStart: [{ id: number }];
  /** A worker's thread has ended. `expected`: the Balancer ended it. */
  workerEnd: [{ id: number; exitCode: number | undefined; cause: unknown; expected: boolean }];
  /**
   * A worker was ejected, because it is silent, or because its requests fail far more often than those of the
   * others.
   */
  workerEjected: [{ id: number; reason: WorkerEjectionReason }];
  /** A fresh worker has passed its checks and takes the place of an ejected one. */
  workerReadmitted: [{ id: number; replaces: number }];
  /** A task has printed a line; see the option `output`. In order, and before the result of the task. */
  output: [OutputLine];
}
