/** Size of the next chunk: some ms of work, less near the end of the input so that no worker idles. */

/**
 * Work in one chunk, in ms: many times what a chunk costs, which is more than a ms where all cores are busy,
 * since the thread wakes the main thread and waits for its core. Little enough to be spread evenly. Measured, with
 * 2 cores: a million short lines take 2 % less than with 16 ms.
 */
const TARGET_MS = 32;

/** Size before the first measurement. */
const FIRST_BYTES = 64 * 1024;

/** Lower limits for the smaller chunks near the end, in bytes and in ms of work: about what a chunk costs. */
const LEAST_AT_END = 8 * 1024;
const LEAST_MS_AT_END = 1;

/** Weight of the latest chunk in the mean. */
const WEIGHT = 0.5;

export class ChunkSize {
  #bytesPerMs = 0;

  /** Records a finished run. */
  ran(bytes: number, ms: number): void {
    if (bytes === 0) return;
    const speed = bytes / Math.max(ms, 0.001);
    // A mean of time per byte: slow chunks weigh as much as they cost.
    this.#bytesPerMs =
      this.#bytesPerMs === 0 ? speed : 1 / ((1 - WEIGHT) / this.#bytesPerMs + WEIGHT / speed);
  }

  /**
   * @param left bytes not yet run, if known
   * @param most upper limit
   */
  next(left: number | undefined, workers: number, most: number): number {
    const bytes = this.#bytesPerMs === 0 ? FIRST_BYTES : this.#bytesPerMs * TARGET_MS;
    const least = Math.max(LEAST_AT_END, this.#bytesPerMs * LEAST_MS_AT_END);
    const share = left === undefined ? most : Math.max(least, left / (2 * workers));
    return Math.max(1, Math.min(bytes, share, most));
  }
}
