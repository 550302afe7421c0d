/** Which unstarted requests may be taken out of a window, to run elsewhere or later. */
import type { Request } from './request.js';

/** Why requests are taken back: for an idle worker, or since this worker leaves, or is broken. */
export type ReclaimReason = 'balance' | 'leaving' | 'ejected';

/**
 * Whether a request may be taken back. A key pins it until the worker leaves, a session until it is broken.
 */
export function isReclaimable(request: Request | undefined, why: ReclaimReason): boolean {
  const extras = request?.extras;
  if (extras === undefined) return true;
  if (extras.away || (extras.session !== undefined && why !== 'ejected')) return false;
  return !extras.pinned || why !== 'balance';
}

/** Whether a request may be taken back to run later, if only on the same worker. */
export function mayWait(request: Request): boolean {
  return request.extras === undefined || !request.extras.away;
}
