/**
 * Where requests with transferred arguments go. They cannot be taken back. So they are sent ahead only where
 * they start almost at once; otherwise they go to an idle worker, or wait.
 */

import type { Request } from '../requests/request.js';
import type { Prefetch } from '../worker/prefetch.js';
import type { Worker } from '../worker/worker.js';
import { idleWorker } from './rebalance.js';

/** A worker with at most this much expected work gets transferred arguments, in ms. */
const MOST_AHEAD_MS = 0.2;
/** The same while workers run dry, if all tasks concerned have run before. */
const MOST_AHEAD_WHEN_DRY_MS = 1.2;

/**
 * @param selected the policy's choice
 * @returns the worker for the request: the choice, if nothing is transferred; `undefined`: none yet
 */
export function placeFor(
  request: Request,
  selected: Worker,
  workers: readonly Worker[],
  prefetch: Prefetch,
): Worker | undefined {
  const { extras } = request;
  if (extras?.transfer === undefined || extras.transfer.length === 0) return selected;
  const isKnown = request.task.runs > 0 && !selected.inFlight.hasUnknown;
  const dry = isKnown ? Math.min(prefetch.mainThreadDelay, MOST_AHEAD_WHEN_DRY_MS) : 0;
  if (selected.view.pending === 0 || selected.view.work < Math.max(MOST_AHEAD_MS, dry)) return selected;
  return extras.pinned || extras.session !== undefined ? selected : idleWorker(workers);
}
