/**
 * How long a completion may wait to be announced together with others: step 7 of the protocol at the head of `window.ts`. The worker
 * decides by it. The main thread follows, from the run times that it gets, to know when nothing can be held back. Used by both sides.
 */

/** How long a completion may wait for others, in ms; and after how long a run it may not wait at all. */
export const MOST_HOLD_MS = 0.5;

/**
 * Tasks that usually take longer than this wait for nothing, in ms: at most two would be announced together, and the main thread would have to
 * look whether one is held back, which costs it more than that saves.
 */
const MOST_TYPICAL_MS = 0.4;

/** Runs over which the run time is smoothed. */
const SMOOTHED_RUNS = 8;

export class Coalescing {
  /** Smoothed run time of the last tasks, in ms: how long the next one may take. */
  #typical = 0;

  /** A task has run for that long, in ms. */
  ran(runTime: number): void {
    this.#typical += (runTime - this.#typical) / SMOOTHED_RUNS;
  }

  /**
   * W: whether what is completed may wait for the next one. Not if the next may take longer than it may wait, which is half of the time for
   * which the main thread has filled the window already.
   * @param runTime of what is completed, in ms, as `ran` was told
   * @param waited for how long the first one has waited, in ms
   */
  allows(runTime: number, waited: number, unstarted: number): boolean {
    if (runTime > MOST_HOLD_MS || this.#typical > MOST_TYPICAL_MS) return false;
    return waited + this.#typical < Math.min(MOST_HOLD_MS, (unstarted * this.#typical) / 2);
  }

  /**
   * M, which has seen all completions: whether the next one may be held back.
   * @param pending in the window
   */
  mayAllow(pending: number): boolean {
    // What is completed leaves one less than that unstarted, and it takes three for more than one run.
    if (pending < 4) return false;
    // The next run may be as short as it likes. (Run times come here as 32-bit floats, and without the time for the delivery.)
    return (this.#typical * (SMOOTHED_RUNS - 1)) / SMOOTHED_RUNS < 1.01 * MOST_TYPICAL_MS;
  }
}
