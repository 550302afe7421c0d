/**
 * Node's functions that the work loop needs, kept before any task runs: a task may install fake timers, or
 * replace `process.exit`, and the loop must go on.
 */
import { performance } from '../../src/protocol/clock.js';
import { setImmediate } from '../../src/protocol/timers.js';

const end = process.exit;

/** As `performance.now()`, in ms. */
export const now = performance.now;

/** Calls a function in the next turn of the event loop. */
export const inNextTurn = setImmediate;

/** Ends the thread. */
export function exit(): void {
  end.call(process, 0);
}
