/**
 * How long a worker may defer the announcement of a completion, so that several are announced together: step
 * 7 of the protocol in `window.ts`. The main thread keeps the same numbers, to know when no announcement can
 * be deferred. Used by both sides.
 */

/** Longest deferral, in ms. After a run longer than this nothing is deferred. */
export const MAX_DEFER_MS = 0.5;

/**
 * Tasks that usually take longer than this defer nothing, in ms. At most two completions would be announced
 * together, and the main thread would have to poll for a deferred one, which costs more than that saves.
 */
const MAX_TYPICAL_MS = 0.4;

/** Runs over which the run time is smoothed. */
const SMOOTHED_RUNS = 8;

export class Coalescing {
  /** Smoothed run time of the last tasks, in ms: the expectation for the next one. */
  #typical = 0;

  /** Takes note of a run, in ms. */
  ran(runTime: number): void {
    this.#typical += (runTime - this.#typical) / SMOOTHED_RUNS;
  }

  /**
   * W: may this completion be announced with the next one? Only if waiting plus the typical run time stays
   * under min(0.5 ms, half of the work left in the window).
   * @param runTime of this completion, in ms, after `ran` was told
   * @param waited since the first deferred completion, in ms
   * @param unstarted requests in the window
   */
  mayDefer(runTime: number, waited: number, unstarted: number): boolean {
    if (runTime > MAX_DEFER_MS || this.#typical > MAX_TYPICAL_MS) return false;
    return waited + this.#typical < Math.min(MAX_DEFER_MS, (unstarted * this.#typical) / 2);
  }

  /**
   * M, having seen all completions: may the worker defer the next one?
   * @param pending in the window
   */
  mayDeferNext(pending: number): boolean {
    // The next completion leaves pending - 1 unstarted, and it takes three of them to defer for one run.
    if (pending < 4) return false;
    // The next run may be as short as it likes. (M gets run times as 32-bit floats, without the time for the
    // delivery.)
    return (this.#typical * (SMOOTHED_RUNS - 1)) / SMOOTHED_RUNS < 1.01 * MAX_TYPICAL_MS;
  }
}
