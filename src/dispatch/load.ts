/** What the workers have to do, taken together, and what is to be expected of them. Each is one look at them all: O(w). */
import type { Worker } from '../worker/worker.js';

/** Whether a completion lies somewhere. */
export function someHasResults(workers: readonly Worker[]): boolean {
  for (const worker of workers) if (worker.hasResults) return true;
  return false;
}

/** Whether one may have, or soon get, completions that it does not announce at once. */
export function someMayHoldBack(workers: readonly Worker[]): boolean {
  for (const worker of workers) if (worker.mayHoldBack) return true;
  return false;
}

/** Whether anything is in a window. */
export function someIsPending(workers: readonly Worker[]): boolean {
  for (const { view } of workers) if (view.pending > 0) return true;
  return false;
}

/** Whether a caller waits for any of them. Nobody waits for the check of a fresh worker, unless requests wait for that worker, too. */
export function someIsAwaited(workers: readonly Worker[]): boolean {
  for (const { state, view, backlog } of workers)
    if (backlog.length > 0 || (view.pending > 0 && state !== 'checking')) return true;
  return false;
}

/** Requests in windows and backlogs; the check of a fresh worker is none. */
export function pendingIn(workers: readonly Worker[]): number {
  let pending = 0;
  for (const { state, view, backlog } of workers)
    if (state !== 'checking') pending += view.pending + backlog.length;
  return pending;
}

/**
 * How long it is not worthwhile to look for results, in ms; `undefined`: nothing is pending. With a core to spare: the time to the next
 * result. With none: the time until the first worker has nothing to do, since looking before takes the time from them.
 * @param cores how many threads the machine runs at once
 */
export function nextResult(workers: readonly Worker[], cores: number): number | undefined {
  let next: number | undefined;
  let runway = Number.POSITIVE_INFINITY;
  let busy = 0;
  for (const { view } of workers) {
    if (view.pending === 0) continue;
    busy++;
    const mean = view.work / view.pending;
    if (next === undefined || mean < next) next = mean;
    if (view.work < runway) runway = view.work;
  }
  if (next === undefined) return undefined;
  return busy < cores ? next / busy : runway;
}
