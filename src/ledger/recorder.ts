/**
 * Counts what becomes of requests, by task. Not one of the observers: histograms are on in production, where
 * there may be a million requests a second, and what they need is less.
 */
import type { ObservedRequest, ObservedRun, ObservedTask } from './observer.js';
import type { RequestOutcome } from './outcome.js';

/** Counts times. */
export interface TimeRecorder {
  /** @param ms ≥ 0 @param times how many equal ones; 1 if it is not given */
  record(ms: number, times?: number): void;
}

/** What has been counted of one task. Fields that are added to directly, as calls would take longer. */
export interface TaskRecorder {
  /** From submit to the start of each run. */
  readonly waitTime: TimeRecorder;
  readonly runTime: TimeRecorder;
  /** Runs that have failed. */
  failed: number;
  /** Bytes of arguments and of results, estimated. */
  bytesIn: number;
  bytesOut: number;
  readonly outcomes: { [Outcome in RequestOutcome]: number };
  /** A chunk has been run, or a thread has died running a request. */
  ranItems(request: ObservedRequest, run: ObservedRun): void;
}

export interface Recorders {
  of(task: ObservedTask): TaskRecorder;
}
