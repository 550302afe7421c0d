/** What one worker does, as plain data. */

import type { WorkerState } from '../worker/state.js';
import type { Worker } from '../worker/worker.js';
import type { Utilization } from './utilization.js';

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
  /** Since the start of its thread, in ms. */
  readonly age: number;
  /** How many threads there were in its place before this one. */
  readonly restarts: number;
  /** What it runs now; `undefined`: nothing. */
  readonly running: RunningStats | undefined;
  /** Requests in its window, the running one included, and requests that wait for this worker alone. */
  readonly pending: number;
  /** Requests completed, failed ones included. */
  readonly completed: number;
  readonly failed: number;
  /** Sum of the run times, in ms. */
  readonly busyTime: number;
  /**
   * The part of the time since the last call of `stats()` that it was running something, from 0 to 1; the
   * first time, since the start of its thread. A task that awaits something runs.
   */
  readonly utilization: number;
  /**
   * Size of the thread's heap, in bytes, as it was within the last 0.1 s in which the thread ran;
   * `undefined` before that.
   */
  readonly heap: number | undefined;
}

export interface RunningStats {
  /** Name of the task. */
  readonly task: string;
  /** Id of the request; of an item of a `map`, its own. */
  readonly id: number;
  /** Since when, in ms of `performance.now()`. */
  readonly since: number;
}

/** States as metrics have them: `ready` is `idle`, or `used` while the worker runs something. */
export const COUNTED_STATES = ['idle', 'used', 'starting', 'checking', 'draining', 'ejected'] as const;

/** How many workers are in each of these states. */
export function workersByState(workers: readonly WorkerStats[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>(COUNTED_STATES.map((state) => [state, 0]));
  for (const worker of workers) {
    const { state: given } = worker;
    const state = given !== 'ready' ? given : worker.running === undefined ? 'idle' : 'used';
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return counts;
}

export function workerStats(worker: Worker, utilization: Utilization, now: number): WorkerStats {
  const { id, view, state, vitalSigns } = worker;
  const heap = vitalSigns.heapUsed;
  return {
    id,
    slot: worker.slot,
    label: view.label,
    state,
    weight: view.weight,
    age: now - worker.startedAt,
    restarts: worker.restarts,
    running: runningStats(worker),
    pending: view.pending + worker.backlog.length,
    completed: worker.completedRequests,
    failed: worker.failed,
    busyTime: worker.busyTime,
    utilization: utilization.of(worker, now),
    heap: heap > 0 ? heap : undefined,
  };
}

function runningStats(worker: Worker): RunningStats | undefined {
  const request = worker.state === 'dead' ? undefined : worker.runningRequest;
  if (request === undefined) return undefined;
  const item = request.extras?.chunk === undefined ? undefined : worker.running.itemOf(request);
  const id = request.id + (item?.index ?? 0);
  const since = worker.running.since(request);
  return since === undefined ? undefined : { task: request.task.name, id, since };
}
