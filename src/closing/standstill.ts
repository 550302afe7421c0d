/**
 * Notices that a Balancer which is being closed comes to nothing: requests wait, and no thread runs any. A
 * module that never finishes loading is the usual reason, or a policy that never selects a worker.
 */
import type { Dispatcher } from '../dispatch/dispatcher.js';
import { MOST_MS } from '../options/validate.js';
import { performance } from '../protocol/clock.js';
import { clearInterval, setInterval } from '../protocol/timers.js';

/** Looks within the limit. */
const LOOKS = 4;

/**
 * @param limit how long nothing may run, in ms; `Infinity`: no limit
 * @param over called once, when that time is over
 * @returns ends the watch
 */
export function watchForStandstill(dispatcher: Dispatcher, limit: number, over: () => void): () => void {
  if (limit === Number.POSITIVE_INFINITY) return () => {};
  let lastLook = performance.now();
  let silence = 0;
  let left = leftOf(dispatcher);
  const pace = Math.max(1, limit / LOOKS);
  const timer = setInterval(
    () => {
      const now = performance.now();
      const leftNow = leftOf(dispatcher);
      const hasMoved = leftNow !== left || isRunning(dispatcher);
      // A late look means that this thread was busy, and handed out no requests meanwhile.
      silence = hasMoved ? 0 : silence + Math.min(now - lastLook, pace);
      lastLook = now;
      left = leftNow;
      if (silence < limit) return;
      clearInterval(timer);
      over();
    },
    Math.min(MOST_MS, pace),
  );
  return () => clearInterval(timer);
}

/** Requests that are not over. */
function leftOf({ queue, pending }: Dispatcher): number {
  return queue.size + pending;
}

/** Whether some thread runs a request that has started. One whose module is being loaded has not. */
function isRunning({ workers }: Dispatcher): boolean {
  return workers.some((worker) => {
    const request = worker.state === 'checking' ? undefined : worker.runningRequest;
    return request !== undefined && !worker.running.isLoading(request);
  });
}
