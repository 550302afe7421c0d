/**
 * Aggregate queries over all workers: anything pending, any result ready, when the next is due. Each is O(w).
 */
import type { Worker } from '../worker/worker.js';

/**
 * A worker without a completion for this long holds up the requests behind its running one, in ms. Simulated
 * with 8 workers, bounded-Pareto run times of 1 to 500 ms, load 0.9 and a hand-over of 0.12 ms: the mean
 * slowdown is 1.25 × that of a central queue with nothing sent ahead, 1.10 × with 2 ms, 1.05 × with 5 ms.
 */
export const STUCK_MS = 4;

/** The same for a worker whose next request has been put ahead of others, in ms. */
export const URGENT_STUCK_MS = 1.5;

/** Whether the worker has had requests for a while and has completed none. */
export function makesNoProgress({ view, completions, status }: Worker, now: number): boolean {
  if (view.pending === 0) return false;
  if (now - completions.lastProgress < (status.hasUrgent ? URGENT_STUCK_MS : STUCK_MS)) return false;
  // If there are completions it is the main thread that has not looked for so long.
  return !completions.areThere;
}

/** Whether any worker has completions to be read. */
export function someHasResults(workers: readonly Worker[]): boolean {
  for (const worker of workers) if (worker.completions.areThere) return true;
  return false;
}

/** Whether any worker may have, or soon get, completions that it does not announce at once. */
export function someMayCoalesce(workers: readonly Worker[]): boolean {
  for (const { completions } of workers) if (completions.mayBeCoalesced) return true;
  return false;
}

/** Whether any window has requests. */
export function someIsPending(workers: readonly Worker[]): boolean {
  for (const { view } of workers) if (view.pending > 0) return true;
  return false;
}

/**
 * Whether a caller waits for any worker. None waits for a start-up check, unless requests wait for that
 * worker.
 */
export function someIsAwaited(workers: readonly Worker[]): boolean {
  for (const { state, view, backlog } of workers)
    if (backlog.length > 0 || (view.pending > 0 && state !== 'checking')) return true;
  return false;
}

/** Number of requests in windows and backlogs, start-up checks not included. */
export function pendingIn(workers: readonly Worker[]): number {
  let pending = 0;
  for (const { state, view, backlog } of workers)
    if (state !== 'checking') pending += view.pending + backlog.length;
  return pending;
}

/**
 * After how many ms a look for results is worthwhile; `undefined`: nothing is pending. With a core to spare:
 * the time to the next result. With none: the time until the first worker runs dry, since earlier looks take
 * time from it.
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
