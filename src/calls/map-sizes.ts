/** How many items of a map travel together. */
import type { TaskRef } from '../tasks/registry.js';

/** Work of one chunk, in ms: so that what it costs to send one, some 30 µs, is a few percent of it. */
const CHUNK_MS = 1;
/**
 * A chunk whose items take longer than expected starts no further one after this time, in ms: what is left
 * goes to whoever is idle.
 */
const MOST_CHUNK_MS = 4 * CHUNK_MS;
/**
 * How long the items of one chunk may take to be packed, in ms: that holds the event loop, and so do their
 * outcomes, which come together and cost about as much.
 */
const PACKING_MS = 0.5;
/** A chunk has no fewer for that reason: chunks of one item are not measured, and so would stay. */
const LEAST_ITEMS = 16;
/** Items of one chunk, and the bytes of all, whatever they cost. */
const MOST_ITEMS = 2_048;
const MOST_BYTES = 512 * 1_024;
/**
 * Chunks of each worker towards the end, that none of them idles while another has one to go; and the least
 * work of one, in ms.
 */
const LAST_CHUNKS = 4;
const LEAST_CHUNK_MS = 0.2;

/**
 * The size of the next chunk follows the medians of the last ones' times, of running and of packing: a thread
 * that lost its core for a while, or collected garbage, says nothing of its items.
 */
const CHUNKS_LOOKED_AT = 5;

export class ChunkSizes {
  readonly #batch: 'auto' | number;
  readonly #task: TaskRef;
  readonly #workers: () => number;
  /** Mean run times of items of the last chunks, in ms. */
  readonly #runs: number[] = [];
  #median: number | undefined;
  /** How long it took to pack an item, of the last chunks, in ms. */
  readonly #packings: number[] = [];
  #packing = 0;

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

  /** A chunk is over. @param mean run time of its items, in ms */
  ran(mean: number): void {
    this.#median = lowerMedian(this.#runs, mean);
  }

  /** A chunk has been packed. @param mean time for each of its items, in ms */
  packed(mean: number): void {
    this.#packing = lowerMedian(this.#packings, mean);
  }

  /**
   * Items of the next chunk.
   * @param remaining items that are still to come; `undefined`: nobody knows
   */
  next(remaining: number | undefined): number {
    if (this.#batch !== 'auto') return this.#batch;
    const mean = this.#median ?? this.#task.mean;
    // NaN before the first run.
    if (!(mean < CHUNK_MS)) return 1;
    const most = Math.min(MOST_ITEMS, CHUNK_MS / mean, Math.max(LEAST_ITEMS, PACKING_MS / this.#packing));
    const fitting = Math.max(1, Math.floor(most));
    if (remaining === undefined) return fitting;
    const share = Math.max(LEAST_CHUNK_MS / mean, remaining / (LAST_CHUNKS * this.#workers()));
    return Math.max(1, Math.min(fitting, Math.ceil(share)));
  }
}

/** Enters a time among the last ones. */
function lowerMedian(times: number[], time: number): number {
  if (times.push(time) > CHUNKS_LOOKED_AT) times.shift();
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1] as number;
}
