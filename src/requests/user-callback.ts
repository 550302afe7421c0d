/**
 * Calls what belongs to the caller - listeners, `onProgress` - from the middle of our own work.
 *
 * What it throws must not stop us halfway, and is not ours to hide either: it surfaces as an uncaught exception, as from any
 * callback, when ours is done.
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

/** Whether such a call is under way: then nothing is to be received that would call again before it is over. */
export function isCallingUser(): boolean {
  return depth > 0;
}
