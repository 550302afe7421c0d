/**
 * Requests of a session keep their order whatever their priorities are: each counts as no more urgent than
 * those of its session before it.
 */
import type { Binding, Request } from './request.js';

/**
 * The priorities by which requests leave. O(n).
 * @param requests in the order in which they are to leave
 * @returns also the lowest of each session
 */
export function prioritiesInOrder(requests: readonly Request[]): {
  readonly priorities: readonly number[];
  readonly lowest: ReadonlyMap<Binding, number>;
} {
  const lowest = new Map<Binding, number>();
  const priorities = requests.map(({ priority, extras }) => {
    const session = extras?.session;
    if (session === undefined) return priority;
    const low = Math.min(priority, lowest.get(session) ?? priority);
    lowest.set(session, low);
    return low;
  });
  return { priorities, lowest };
}

/** For the queue, which knows no sessions: it would let the more urgent ones of them go first. O(n). */
export function keepInOrder(requests: readonly Request[]): void {
  if (!requests.some(({ extras }) => extras?.session !== undefined)) return;
  const { priorities } = prioritiesInOrder(requests);
  for (const [i, { extras }] of requests.entries())
    if (extras?.session !== undefined) extras.priority = priorities[i] as number;
}
