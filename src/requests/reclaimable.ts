/** Which unstarted requests may be taken out of a window, to run elsewhere. */
import type { Request } from './request.js';

/** Why requests are taken back: to be run by an idle worker, or since this one leaves, or is broken. */
export type ReclaimReason = 'balance' | 'leaving' | 'ejected';

/** Not those whose arguments were transferred, and not pinned ones. A key pins only as long as the worker stays, a session until it is broken. */
export function isReclaimable(request: Request | undefined, why: ReclaimReason): boolean {
  const extras = request?.extras;
  if (extras === undefined) return true;
  if (extras.away || (extras.session !== undefined && why !== 'ejected')) return false;
  return !extras.pinned || why !== 'balance';
}
