/**
 * What the work loop needs of its thread, as it was before any task: one may put fake timers in the place of the real ones, or an exit that
 * does nothing, and the loop must go on.
 */
const clock = performance;
const read = performance.now;
const end = process.exit;

/** In ms, as `performance.now()`. */
export function now(): number {
  return read.call(clock);
}

/** Calls in the next turn of the event loop. */
export const inNextTurn: (call: () => void) => void = setImmediate;

/** Ends the thread. */
export function exit(): void {
  end.call(process, 0);
}
