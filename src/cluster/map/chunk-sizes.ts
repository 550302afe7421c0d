/** How many items of a map travel in one job. */
import type { Entry } from '../directory-entry.js';

/** Work of a chunk, in ms: what it costs the engine, and the way to it and back, is a few percent of that. */
const CHUNK_MS = 250;
/**
 * Where there are many machines, one engine has to serve them all: some 10,000 jobs/s, so that each thread of
 * all adds 0.1 ms to a chunk.
 */
const ENGINE_MS = 0.1;
const MOST_ITEMS = 10_000;
/** From one chunk to the next, while the mean is known of few runs. */
const GROWTH = 8;
/** Chunks for each slot towards the end, that none idles while another has one to go. */
const LAST_CHUNKS = 3;
/**
 * Short chunks are on the way in a larger number, so that a machine finds the next ones there: so much work
 * for each thread, in ms, but so many chunks for each and so many items in all.
 */
const AHEAD_MS = 50;
const MOST_AHEAD = 256;
const MOST_ITEMS_AHEAD = 100_000;
/** Items and results of those chunks, in bytes: the caller holds them, and the engine does. */
const MOST_BYTES_AHEAD = 16 * 2 ** 20;
/**
 * Items that are taken and not given out while some of them wait to run again, if their bytes are not too
 * many: as in the map of a Balancer.
 */
const MOST_DURING_DELAY = 65_536;
/** Weight of the newest chunk in the means. */
const NEWEST = 0.25;

export class ChunkSizes {
  readonly #batch: 'auto' | number;
  readonly #machines: () => readonly Entry[];
  /** Most bytes of the results of one chunk. */
  readonly #mostBytes: number;
  #mean: number | undefined;
  #resultBytes = 0;
  /** Length of the items of a chunk. */
  #length = 0;
  #largest = 1;
  /** Of the newest chunk. */
  #size = 1;

  constructor(batch: 'auto' | number, mostBytes: number, machines: () => readonly Entry[]) {
    this.#batch = batch;
    this.#mostBytes = mostBytes;
    this.#machines = machines;
  }

  /** Jobs that all machines take together. */
  get slots(): number {
    return Math.max(
      1,
      this.#machines().reduce((sum, { slots }) => sum + slots, 0),
    );
  }

  /** Chunks that may be on the way, or wait to be given out. */
  get window(): number {
    const least = 2 * this.slots + 4;
    if (this.#mean === undefined) return least;
    const work = Math.max(this.#mean * this.#size, 1e-3);
    const ahead = this.#threads * Math.min(MOST_AHEAD, Math.floor(AHEAD_MS / work));
    const bytes = Math.max(1, this.#length + this.#resultBytes * this.#size);
    const most = Math.floor(Math.min(MOST_ITEMS_AHEAD / this.#size, MOST_BYTES_AHEAD / bytes));
    return Math.max(least, Math.min(ahead, most));
  }

  /**
   * Whether more items may be taken although some that have been taken wait to run again.
   * @param items that are not given out
   * @param length of them as sent
   * @param delayed those that wait. Many do where all fail: to take more would not help
   */
  mayGoOn(items: number, length: number, delayed: number): boolean {
    const isFew = delayed > 0 && delayed < this.window * this.#size;
    return isFew && items < MOST_DURING_DELAY && length + this.#resultBytes * items < MOST_BYTES_AHEAD;
  }

  get #threads(): number {
    return this.#machines().reduce((sum, { threads }) => sum + threads, 0);
  }

  /** Takes note of a chunk that is sent. @param length of its items */
  sent(length: number): void {
    this.#length += (length - this.#length) * NEWEST;
  }

  /** Takes note of a chunk that has run. @param ms run time of all items; @param bytes of their results */
  ran(items: number, ms: number, bytes: number): void {
    if (items === 0) return;
    const [each, size] = [ms / items, bytes / items];
    this.#mean = this.#mean === undefined ? each : this.#mean + (each - this.#mean) * NEWEST;
    this.#resultBytes += (size - this.#resultBytes) * NEWEST;
    this.#largest = Math.max(this.#largest, items);
  }

  /** Items of the next chunk. @param remaining items that are still to come; `undefined`: nobody knows */
  next(remaining: number | undefined): number {
    this.#size = this.#choose(remaining);
    return this.#size;
  }

  #choose(remaining: number | undefined): number {
    if (this.#batch !== 'auto') return this.#batch;
    if (this.#mean === undefined) return 1;
    const work = Math.max(CHUNK_MS, ENGINE_MS * this.#threads);
    const fitting = Math.min(
      MOST_ITEMS,
      GROWTH * this.#largest,
      Math.floor(work / Math.max(this.#mean, 1e-4)),
      Math.floor(this.#mostBytes / Math.max(1, this.#resultBytes)),
      remaining === undefined ? MOST_ITEMS : Math.ceil(remaining / (LAST_CHUNKS * this.slots)),
    );
    return Math.max(1, fitting);
  }
}
