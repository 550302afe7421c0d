/** One clock for all threads of the process. Used by both sides. */

/**
 * To be added to `performance.now()`, which counts from the start of each thread: then all threads of the process agree, in ms.
 * `performance.timeOrigin` would not do: it is read from the wall clock when a thread starts, and that is set at times, and runs on
 * while the machine is suspended.
 */
export const CLOCK_OFFSET = Number(process.hrtime.bigint()) / 1e6 - performance.now();
