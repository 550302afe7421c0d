/** How many bytes the next chunk should have: some ms of work, and less near the end, so that no worker idles. */

/** Work in one chunk, in ms: many times what a chunk costs, little enough to be spread evenly. */
const TARGET_MS = 8;

/** Before anything is known. */
const FIRST_BYTES = 16 * 1024;

/** Smaller chunks than that are not made for the sake of the end. */
const LEAST_AT_END = 8 * 1024;

/** Weight of the latest chunk in the mean. */
const WEIGHT = 0.3;

export class ChunkSize {
  readonly #most: number;
  #bytesPerMs = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** That many bytes took so long. */
  ran(bytes: number, ms: number): void {
    if (bytes === 0) return;
    const speed = bytes / Math.max(ms, 0.001);
    // In a harmonic mean, slow items count as what they cost.
    this.#bytesPerMs =
      this.#bytesPerMs === 0 ? speed : 1 / ((1 - WEIGHT) / this.#bytesPerMs + WEIGHT / speed);
  }

  /** @param left bytes that are still to be run, where that is known */
  next(left: number | undefined, workers: number): number {
    const bytes = this.#bytesPerMs === 0 ? FIRST_BYTES : this.#bytesPerMs * TARGET_MS;
    const share = left === undefined ? this.#most : Math.max(LEAST_AT_END, left / (2 * workers));
    return Math.max(1, Math.min(bytes, share, this.#most));
  }
}
