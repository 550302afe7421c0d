/** What a pool goes by, and whom it tells what happens to its workers. */
import type { NoWorkerError } from '../errors/errors.js';
import type { Worker } from '../worker/worker.js';
import type { StartupCheck, StepLimits } from './startup.js';

export interface PoolRules {
  /** A worker is replaced after this number of requests. */
  readonly maxRequests: number;
  /** A worker is replaced when its heap is larger than this, in bytes. */
  readonly maxHeap: number;
  /** Whether requests are rejected while the set is empty for good. */
  readonly failsWhenEmpty: boolean;
  /** The start-up check of a fresh thread, if there is one. */
  readonly check: StartupCheck | undefined;
  /** How long the steps of a fresh thread's start-up may take. */
  readonly stepLimits: StepLimits;
}

export interface PoolEvents {
  /** A worker gets requests from now on. */
  started(worker: Worker): void;
  /** A thread has ended; `expected` where the pool ended it. */
  ended(id: number, exitCode: number | undefined, cause: unknown, expected: boolean): void;
  /** No worker runs and none can be started, for this reason; `undefined`: workers are available again. */
  refusing(error: NoWorkerError | undefined): void;
}
