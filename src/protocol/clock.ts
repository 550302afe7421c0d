/** One clock for all threads of the process, on both sides. Fake clocks of test tools do not stop it. */
import { performance as given } from 'node:perf_hooks';

/** Of the class, since a mocked `now` is a property of the object itself. */
const readNow: () => number = Object.getPrototypeOf(given).now ?? given.now;

export const performance = {
  /** Time since the start of this thread, in ms. */
  now: (): number => readNow.call(given),
} as const;

/**
 * To be added to `performance.now()`, which counts from the start of each thread or of the process. The sum is the
 * time since the start of Node, the same in all threads, in ms. Not `process.hrtime` or `process.uptime`: test
 * tools replace them. Not `performance.timeOrigin` either: it comes from the wall clock, which may be set, and runs
 * on while the machine sleeps.
 */
export const CLOCK_OFFSET = -given.nodeTiming.nodeStart;
