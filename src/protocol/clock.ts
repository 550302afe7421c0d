/** One clock for all threads of the process. Used by both sides. */

/** Several, since a thread that loses its core between the two readings of one sample spoils that sample. */
const SAMPLES = 16;

function offset(): number {
  // Node loads it on first use, which would spoil the first sample.
  performance.now();
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < SAMPLES; i++) {
    // Time lost between the two readings makes a sample too small, never too large.
    largest = Math.max(largest, Number(process.hrtime.bigint()) / 1e6 - performance.now());
  }
  return largest;
}

/**
 * To be added to `performance.now()`, which counts from the start of each thread. The sum is the same in all
 * threads, in ms. `performance.timeOrigin` would not do: it comes from the wall clock, which may be set, and
 * runs on while the machine sleeps.
 */
export const CLOCK_OFFSET = offset();
