/**
 * Counts times and bytes of requests, by task. Not one of the observers: histograms are on in production,
 * where there may be a million requests a second, and what they need is less.
 */
import type { Tally } from '../protocol/tally.js';
import type { ObservedRequest, ObservedRun } from './observer.js';
import type { OutcomeCounts } from './outcome.js';

/** Counts times. */
export interface TimeRecorder {
  /** @param ms ≥ 0 @param times how many equal ones; 1 if it is not given */
  record(ms: number, times?: number): void;
}

/** What has been counted of one task. Fields that are added to directly, as calls would take longer. */
export interface TaskRecorder {
  /** From submit to the start of each run, where its thread has not counted it. */
  readonly waitTime: TimeRecorder;
  readonly runTime: TimeRecorder;
  /** Runs that have failed. */
  failed: number;
  /** Bytes of arguments and of results, estimated. */
  bytesIn: number;
  bytesOut: number;
  /** A chunk has been run, or a thread has died running a request. */
  ranItems(request: ObservedRequest, run: ObservedRun): void;
  /** A thread counts runs there from now on. */
  join(tally: Tally): void;
  /** The thread has ended, and counts no more. */
  leave(tally: Tally): void;
}

export interface Recorders {
  /**
   * What counts a task from now on: of one name always the same one, for as long as there are threads that
   * count.
   * @param name of the task @param outcomes what the books have of it
   */
  recorderOf(name: string, outcomes: OutcomeCounts): TaskRecorder;
}
