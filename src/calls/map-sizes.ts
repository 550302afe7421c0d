/** How many items of a map travel together. */
import type { TaskRef } from '../tasks/registry.js';

/** Work of one chunk, in ms: so that what it costs to send one, some 30 µs, is a few percent of it. */
const CHUNK_MS = 1;
/** A chunk whose items take longer than expected starts no further one after this time, in ms: what is left goes to whoever is idle. */
const MOST_CHUNK_MS = 4 * CHUNK_MS;
/** Items of one chunk, and the bytes of all: their outcomes come together, and hold the event loop as long as they are many. */
const MOST_ITEMS = 1_024;
const MOST_BYTES = 128 * 1_024;
/** Chunks of each worker towards the end, that none of them idles while another has one to go. */
const LAST_CHUNKS = 4;

export class ChunkSizes {
  readonly #batch: 'auto' | number;
  readonly #task: TaskRef;
  readonly #workers: () => number;

  /** @param batch as in the options of `map` */
  constructor(batch: 'auto' | number, task: TaskRef, workers: () => number) {
    this.#batch = batch;
    this.#task = task;
    this.#workers = workers;
  }

  /** Time after which no further item of a chunk is started, in ms. */
  get limit(): number {
    return this.#batch === 'auto' ? MOST_CHUNK_MS : Number.POSITIVE_INFINITY;
  }

  /** Bytes of items after which a chunk takes no more. */
  get mostBytes(): number {
    return MOST_BYTES;
  }

  /**
   * Items of the next chunk.
   * @param remaining items that are still to come; `undefined`: nobody knows
   */
  next(remaining: number | undefined): number {
    if (this.#batch !== 'auto') return this.#batch;
    const { runs, mean } = this.#task;
    if (runs === 0 || !(mean < CHUNK_MS)) return 1;
    const fitting = Math.max(1, Math.min(MOST_ITEMS, Math.floor(CHUNK_MS / mean)));
    if (remaining === undefined) return fitting;
    return Math.max(1, Math.min(fitting, Math.ceil(remaining / (LAST_CHUNKS * this.#workers()))));
  }
}
