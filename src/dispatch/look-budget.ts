/**
 * How many results one look reads: as many as the caller's code is likely to have dealt with in a few ms, so
 * that the event loop turns in between and serves other I/O.
 *
 * What a result costs is known only afterwards: most of it is the code that awaited the promise, which runs
 * when the look is over.
 */

/** Longest time that a look should take with all that follows from it, in ms. */
const TURN_MS = 2;
/** Fewest results that are read, and results below which a look says little about what one costs. */
const MIN_RESULTS = 32;
/** Looks over which the cost is smoothed, when it falls. It rises at once. */
const SMOOTHED_LOOKS = 4;
/** What a result costs before it is known, in ms. */
const FIRST_COST_MS = 0.004;

export class LookBudget {
  #cost = FIRST_COST_MS;
  #count = 0;
  #since = 0;

  /** How many results the next look may read. */
  get limit(): number {
    return Math.max(MIN_RESULTS, Math.floor(TURN_MS / this.#cost));
  }

  /** A look has begun. @param now in ms */
  began(now: number): void {
    this.#since = now;
    this.#count = 0;
  }

  /**
   * It has read so many results. @returns whether `ended` should be called when all has run that awaited them
   */
  read(count: number): boolean {
    this.#count = count;
    return count >= MIN_RESULTS;
  }

  /** All that awaited the results of the last look has run. @param now in ms */
  ended(now: number): void {
    if (this.#count < MIN_RESULTS) return;
    const cost = (now - this.#since) / this.#count;
    this.#count = 0;
    this.#cost = cost > this.#cost ? cost : this.#cost + (cost - this.#cost) / SMOOTHED_LOOKS;
  }
}
