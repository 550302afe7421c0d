/**
 * Node's functions that the work loop needs, kept before any task runs: a task may install fake timers, or
 * replace `process.exit`, and the loop must go on.
 */
const clock = performance;
const read = performance.now;
const end = process.exit;

/** As `performance.now()`, in ms. */
export function now(): number {
  return read.call(clock);
}

/** Calls a function in the next turn of the event loop. */
export const inNextTurn: (call: () => void) => void = setImmediate;

/** Ends the thread. */
export function exit(): void {
  end.call(process, 0);
}
