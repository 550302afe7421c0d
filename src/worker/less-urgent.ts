/** Which requests of a window wait for a more urgent one. */
import { mayWait } from '../requests/reclaimable.js';
import type { Binding, Request } from '../requests/request.js';

/**
 * The requests of a lower priority that may be taken out, so that a more urgent one runs first. Those of a
 * session keep their order: none leaves if a later one must stay, and with one leave all later ones. O(n).
 * @param requests the oldest first
 */
export function lessUrgent(requests: readonly Request[], priority: number): ReadonlySet<Request> {
  const staying = new Set<Request>();
  const bound = new Set<Binding>();
  for (let i = requests.length - 1; i >= 0; i--) {
    const request = requests[i] as Request;
    const session = request.extras?.session;
    if (mayWait(request) && !(session !== undefined && bound.has(session))) continue;
    staying.add(request);
    if (session !== undefined) bound.add(session);
  }
  const leaving = new Set<Request>();
  const left = new Set<Binding>();
  for (const request of requests) {
    if (staying.has(request)) continue;
    const session = request.extras?.session;
    if (request.priority >= priority && !(session !== undefined && left.has(session))) continue;
    leaving.add(request);
    if (session !== undefined) left.add(session);
  }
  return leaving;
}
