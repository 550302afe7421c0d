/**
 * Counts what becomes of requests, by task. Not one of the observers: histograms are on in production, where
 * there may be a million requests a second, and what they need is less.
 */
import type { ObservedRequest, ObservedRun, ObservedTask } from './observer.js';
import type { RequestOutcome } from './outcome.js';

/** What has been counted of one task. Fields that are added to directly, as calls would take longer. */
export interface TaskRecorder {
  /** Runs that have failed. */
  failed: number;
  /** Bytes of arguments and of results, estimated. */
  bytesIn: number;
  bytesOut: number;
  readonly outcomes: { [Outcome in RequestOutcome]: number };
  /**
   * A request has been run by itself.
   * @param waitTime in ms; `undefined`: when it was submitted is not known
   * @param runTime in ms
   */
  ran(waitTime: number | undefined, runTime: number): void;
  /** A chunk has been run, or a thread has died running a request. */
  ranItems(request: ObservedRequest, run: ObservedRun): void;
}

export interface Recorders {
  of(task: ObservedTask): TaskRecorder;
}
