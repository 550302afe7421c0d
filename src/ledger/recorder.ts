/**
 * Counts times and bytes of requests, by task. Not one of the observers: histograms are on in production,
 * where there may be a million requests a second, and what they need is less.
 */
import type { ObservedRequest, ObservedRun } from './observer.js';
import type { OutcomeCounts } from './outcome.js';

/** Times, in ms, ≥ 0, and the upper half of each one's float64: in the words with an even index. */
export interface TimeList {
  readonly times: Float64Array;
  readonly upper: Int32Array;
}

const UPPER = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;

export function timeList(length: number): TimeList {
  const times = new Float64Array(length);
  return { times, upper: new Int32Array(times.buffer, 4 * UPPER, 2 * length - 1) };
}

/** Counts times. */
export interface TimeRecorder {
  /** @param ms ≥ 0 @param times how many equal ones; 1 if it is not given */
  record(ms: number, times?: number): void;
  /** Counts the first ones of a list. */
  recordAll(list: TimeList, count: number): void;
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
  /** A chunk has been run, or a thread has died running a request. */
  ranItems(request: ObservedRequest, run: ObservedRun): void;
}

export interface Recorders {
  /** What counts a task from now on. @param name of the task @param outcomes what the books have of it */
  recorderOf(name: string, outcomes: OutcomeCounts): TaskRecorder;
}
