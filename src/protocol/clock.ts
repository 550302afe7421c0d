/** One clock for all threads of the process. Used by both sides. */

/** Some, since a thread that loses its core between the two readings measures that as well. */
const SAMPLES = 16;

function offset(): number {
  // Node loads it when it is first used.
  performance.now();
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < SAMPLES; i++) {
    // What comes between the two makes it too small, never too large.
    most = Math.max(most, Number(process.hrtime.bigint()) / 1e6 - performance.now());
  }
  return most;
}

/**
 * To be added to `performance.now()`, which counts from the start of each thread: then all threads of the process agree, in ms.
 * `performance.timeOrigin` would not do: it is read from the wall clock when a thread starts, and that is set at times, and runs on
 * while the machine is suspended.
 */
export const CLOCK_OFFSET = offset();
