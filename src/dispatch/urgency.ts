/** Which window has less urgent requests that are to make room for a more urgent one. */
import type { Worker } from '../worker/worker.js';

/**
 * Requests are taken back for a more urgent one only if they are expected to run for longer than this on
 * average, in ms. A window of shorter ones delays it by no more than `Prefetch.work`, and has too many to
 * send them twice.
 */
const WORTH_TAKING_BACK_MS = 0.05;

/**
 * The worker with the least work whose window may have requests of a lower priority, and whose run times are
 * worth it; `undefined`: none, or a worker has room. O(w).
 */
export function lessUrgentWorker(workers: readonly Worker[], priority: number): Worker | undefined {
  let least: Worker | undefined;
  for (const worker of workers) {
    const { view, inFlight } = worker;
    if (worker.state !== 'ready') continue;
    if (view.available) return undefined;
    if (inFlight.lowestPriority >= priority) continue;
    if (!inFlight.hasUnknown && view.work < WORTH_TAKING_BACK_MS * view.pending) continue;
    if (least === undefined || view.work < least.view.work) least = worker;
  }
  return least;
}
