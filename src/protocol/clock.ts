/** One clock for all threads of the process, on both sides. Fake clocks of test tools do not stop it. */
import { performance as given } from 'node:perf_hooks';
import { originalOf } from './originals.js';

/** Several, since a thread that loses its core between the two readings of one sample spoils that sample. */
const SAMPLES = 16;

/** Of the class, since a mocked `now` is a property of the object itself. */
const readNow: () => number = Object.getPrototypeOf(given).now ?? given.now;

export const performance = {
  /** Time since the start of this thread, in ms. */
  now: (): number => readNow.call(given),
} as const;

function offset(): number {
  const { bigint: processTime } = originalOf(process.hrtime, 'hrtime');
  // Node loads it on first use, which would spoil the first sample.
  performance.now();
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < SAMPLES; i++) {
    // Time lost between the two readings makes a sample too small, never too large.
    largest = Math.max(largest, Number(processTime()) / 1e6 - performance.now());
  }
  return largest;
}

/**
 * To be added to `performance.now()`, which counts from the start of each thread. The sum is the same in all
 * threads, in ms. `performance.timeOrigin` would not do: it comes from the wall clock, which may be set, and
 * runs on while the machine sleeps.
 */
export const CLOCK_OFFSET = offset();
