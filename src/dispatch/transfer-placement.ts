/**
 * Where requests with transferred arguments go. What is transferred cannot be taken back. So it is sent ahead only where it will be
 * started at once, or nearly; else it goes to an idle worker, or waits.
 */

import type { Request } from '../requests/request.js';
import type { Prefetch } from '../worker/prefetch.js';
import type { Worker } from '../worker/worker.js';
import { idleWorker } from './rebalance.js';

/** Transferred arguments are sent to a worker that has at most this much to do before, in ms of expected work. */
const MOST_AHEAD_MS = 0.2;
/** And at most this much where workers have run dry, if all these tasks have run before. */
const MOST_AHEAD_WHEN_DRY_MS = 1.2;

/**
 * @param selected the policy's choice
 * @returns who gets the request; `undefined`: nobody yet. The choice, if nothing is transferred
 */
export function placeFor(
  request: Request,
  selected: Worker,
  workers: readonly Worker[],
  lead: Prefetch,
): Worker | undefined {
  const { extras } = request;
  if (extras?.transfer === undefined || extras.transfer.length === 0) return selected;
  const isKnown = request.task.runs > 0 && !selected.hasUnknown;
  const dry = isKnown ? Math.min(lead.absence, MOST_AHEAD_WHEN_DRY_MS) : 0;
  if (selected.view.pending === 0 || selected.view.work < Math.max(MOST_AHEAD_MS, dry)) return selected;
  return extras.pinned || extras.session !== undefined ? selected : idleWorker(workers);
}
