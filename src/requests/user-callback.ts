import { queueMicrotask } from '../protocol/timers.js';

/**
 * Calls a callback of the caller's (a listener, `onProgress`) from the middle of our own work.
 *
 * An error that it throws must not stop us halfway, nor be hidden: it surfaces as an uncaught exception, as
 * from any callback, when our work is done.
 */
export function callUser(call: () => unknown): void {
  depth++;
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  } finally {
    depth--;
  }
}

let depth = 0;

/**
 * Whether such a call is under way. Then no messages are to be received, which could call back before it is
 * over.
 */
export function isCallingUser(): boolean {
  return depth > 0;
}
