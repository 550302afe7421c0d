/**
 * Where requests go whose arguments really move to the thread: see `whole-bytes.ts` for those that need not.
 * They cannot be taken back. So they are sent ahead only where they start almost at once; otherwise they go to
 * an idle worker, or wait.
 */

import type { Request } from '../requests/request.js';
import type { Prefetch } from '../worker/prefetch.js';
import type { Worker } from '../worker/worker.js';
import { idleWorker } from './rebalance.js';

/** A worker with at most this much expected work gets transferred arguments, in ms. */
const MOST_AHEAD_MS = 0.2;
/** The same while workers run dry, if all tasks concerned have run before. */
const MOST_AHEAD_WHEN_DRY_MS = 1.2;
/** The same behind a single run, which nothing but a crash can end before its time. */
const MOST_BEHIND_ONE_MS = 5;
/** The same behind a few such runs. */
const MOST_BEHIND_FEW_MS = 3;
const FEW = 6;

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
  const { pending, work } = selected.view;
  if (pending === 0 || work < mostAhead(request, selected, prefetch)) return selected;
  return extras.pinned || extras.session !== undefined ? selected : idleWorker(workers);
}

/** How much expected work may be ahead of the request, in ms. */
function mostAhead(request: Request, { inFlight }: Worker, prefetch: Prefetch): number {
  const isKnown = request.task.runs > 0 && !inFlight.hasUnknown;
  if (!isKnown || prefetch.mainThreadDelay === 0) return MOST_AHEAD_MS;
  // Large arguments take long to work on. Without one ahead the thread would idle between any two of them.
  if (inFlight.pending <= FEW && !someMayBeEnded(inFlight))
    return inFlight.pending === 1 ? MOST_BEHIND_ONE_MS : Math.min(prefetch.work, MOST_BEHIND_FEW_MS);
  return Math.max(MOST_AHEAD_MS, Math.min(prefetch.mainThreadDelay, MOST_AHEAD_WHEN_DRY_MS));
}

function someMayBeEnded(requests: Iterable<Request>): boolean {
  for (const request of requests) if (mayBeEnded(request)) return true;
  return false;
}

/** Whether the Balancer may end a thread for the sake of the request that it runs. */
function mayBeEnded({ extras }: Request): boolean {
  return (
    extras !== undefined && (extras.timeout > 0 || extras.signal !== undefined || extras.chunk !== undefined)
  );
}
