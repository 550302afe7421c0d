/** Items on their way from the source into chunks. */
import type { MapSource } from '../../calls/map-source.js';
import { Chunk, isPlain, type Parcel, plainRun } from './chunk.js';
import type { ChunkSizes } from './chunk-sizes.js';
import type { MapTarget } from './target.js';

export interface IntakeEvents {
  /** Items have come from the source. */
  taken(chunk: Chunk, offset: number, count: number): void;
  /** It cannot be sent. */
  refused(chunk: Chunk, offset: number, error: unknown): void;
  /** These are to be sent together. */
  full(parcel: Parcel): void;
}

/** What is not given out. */
export interface OpenItems {
  readonly count: number;
  /** Those that wait to run again, or do so. */
  readonly delayed: number;
  /** Requests under way. */
  readonly requests: number;
}

/** Chunks that are sent together, since each way to the engine costs. */
const TOGETHER = 6;

export class Intake {
  readonly #target: MapTarget;
  readonly #sizes: ChunkSizes;
  readonly #events: IntakeEvents;
  #open: Chunk | undefined;
  /** Of the open chunk, if there are any. */
  #refused: number[] = [];
  /** Items of the open chunk when it is full. */
  #size = 1;
  #taken = 0;
  /** Those with items that are not given out. */
  #chunks = 0;
  /** Of those chunks, as far as they are full: what has been sent. */
  #length = 0;
  #wasFull = false;

  constructor(target: MapTarget, sizes: ChunkSizes, events: IntakeEvents) {
    this.#target = target;
    this.#sizes = sizes;
    this.#events = events;
  }

  /** A chunk has begun, which is not full. */
  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /**
   * As many chunks are under way, or wait to be given out, as may be. Then some are to be done before the
   * next ones are sent, together. While a few items wait to run again, neither they nor outcomes that must
   * wait for them count.
   */
  isFull({ count, delayed, requests }: OpenItems): boolean {
    const { window } = this.#sizes;
    const chunks = this.#sizes.mayGoOn(count, this.#length, delayed) ? requests : this.#chunks;
    this.#wasFull = chunks >= (this.#wasFull ? window - Math.min(TOGETHER, window >> 1) : window);
    return this.#wasFull;
  }

  /** @param remaining items that are still to come, if that is known */
  open(remaining: number | undefined): void {
    this.#size = this.#sizes.next(remaining);
  }

  /**
   * Takes items that are at hand, and that JSON carries as they are: as many as follow each other and fit.
   * @returns whether there were any
   */
  takeFrom(source: MapSource): boolean {
    const { list, taken } = source;
    if (list === undefined) return false;
    const { mostBytes } = this.#target;
    const most = this.#size - (this.#open?.size ?? 0);
    const { to, length } = plainRun(list, taken, most, mostBytes - (this.#open?.length ?? 0), mostBytes);
    const count = to - taken;
    if (count === 0) return false;
    const chunk = this.#begun();
    const offset = chunk.size;
    chunk.addAll(list.slice(taken, to), length);
    source.skip(count);
    this.#taken += count;
    this.#events.taken(chunk, offset, count);
    this.#flushIfFull(chunk);
    return true;
  }

  take(value: unknown): void {
    const chunk = this.#begun();
    const index = this.#taken++;
    const offset = chunk.size;
    const { mostBytes } = this.#target;
    if (isPlain(value, mostBytes)) {
      chunk.add(value, undefined);
      this.#events.taken(chunk, offset, 1);
    } else this.#write(chunk, value, index);
    this.#flushIfFull(chunk);
  }

  /** Sends what has been taken. */
  flush(): void {
    const chunk = this.#open;
    if (chunk === undefined) return;
    this.#open = undefined;
    chunk.isFull = true;
    this.#sizes.sent(chunk.length);
    this.#length += chunk.length;
    const refused = this.#refused;
    this.#refused = [];
    const isWhole = refused.length === 0;
    const sent = isWhole ? undefined : chunk.values.map((_, i) => i).filter((i) => !refused.includes(i));
    const count = chunk.size - refused.length;
    if (count > 0) this.#events.full({ chunk, offsets: sent, count });
    else if (chunk.left === 0) this.#over(chunk);
  }

  /** An item has been given out. */
  given(chunk: Chunk): void {
    chunk.left--;
    if (chunk.left === 0 && chunk.isFull) this.#over(chunk);
  }

  /** What has been taken will not be sent. */
  clear(): void {
    this.#open = undefined;
  }

  #over(chunk: Chunk): void {
    this.#chunks--;
    this.#length -= chunk.length;
  }

  #begun(): Chunk {
    if (this.#open === undefined) {
      this.#open = new Chunk(this.#taken);
      this.#chunks++;
    }
    return this.#open;
  }

  #flushIfFull(chunk: Chunk): void {
    if (chunk.size >= this.#size || chunk.length >= this.#target.mostBytes) this.flush();
  }

  /** At once, since it may change. */
  #write(chunk: Chunk, value: unknown, index: number): void {
    const offset = chunk.size;
    const written = this.#target.write(value, index);
    const isSent = typeof written === 'string';
    chunk.add(value, isSent ? written : undefined);
    this.#events.taken(chunk, offset, 1);
    if (isSent) return;
    this.#refused.push(offset);
    this.#events.refused(chunk, offset, written.error);
  }
}
