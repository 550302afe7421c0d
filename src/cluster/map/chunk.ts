/** Items of a map that have been taken and not given out, as many together as travel in one job. */
import { isAsItIs } from '../values/encode.js';

export type ItemState = 'pending' | 'fulfilled' | 'rejected';

/** Characters of a value that is no text; a guess. */
const FEW = 8;

/**
 * What the source gave, and what became of it: lists for all items of a chunk, since an object for each would
 * be most of the work where tasks are short.
 */
export class Chunk {
  /** Index of its first item in the source. */
  readonly first: number;
  values: unknown[] = [];
  /** Results, and reasons. */
  outcomes: unknown[] = [];
  /** Items before this one have a result, and the others have none, but for those in `#odd`. */
  #fulfilled = 0;
  #odd: Map<number, ItemState> | undefined;
  /** Items not given out. */
  left = 0;
  /** Length of what is sent, about. */
  length = 0;
  /** All its items have been taken. */
  isFull = false;
  /** Items as sent, by offset: those that JSON does not carry as they are. */
  #texts: (string | undefined)[] | undefined;
  /** Machines, or jobs, that were lost with an item, by offset. */
  #losses: Map<number, number> | undefined;

  constructor(first: number) {
    this.first = first;
  }

  get size(): number {
    return this.values.length;
  }

  /** @param text as sent; undefined: JSON carries it as it is, or it is not sent */
  add(value: unknown, text: string | undefined): void {
    if (text !== undefined) {
      this.#texts ??= [];
      this.#texts[this.size] = text;
    }
    this.length += text?.length ?? lengthOf(value);
    this.values.push(value);
    this.left++;
  }

  /** @param values items that JSON carries as they are; a list that nobody else has */
  addAll(values: unknown[], length: number): void {
    this.length += length;
    this.left += values.length;
    if (this.size === 0) this.values = values;
    else for (const value of values) this.values.push(value);
  }

  stateOf(offset: number): ItemState {
    return this.#odd?.get(offset) ?? (offset < this.#fulfilled ? 'fulfilled' : 'pending');
  }

  /**
   * All items have results, apart from those that have been settled.
   * @param outcomes becomes the chunk's
   */
  fulfilAll(outcomes: unknown[]): void {
    this.outcomes = outcomes;
    this.#fulfilled = this.size;
  }

  settle(offset: number, state: ItemState, outcome: unknown): void {
    this.outcomes[offset] = outcome;
    if (this.#odd === undefined && state === 'fulfilled' && offset === this.#fulfilled) {
      this.#fulfilled++;
      return;
    }
    this.#odd ??= new Map();
    this.#odd.set(offset, state);
  }

  /** One more loss of an item. @returns their number */
  lost(offset: number): number {
    this.#losses ??= new Map();
    const losses = this.lossesOf(offset) + 1;
    this.#losses.set(offset, losses);
    return losses;
  }

  lossesOf(offset: number): number {
    return this.#losses?.get(offset) ?? 0;
  }

  /** A list of items as text. @param offsets `undefined`: all */
  textOf(offsets: readonly number[] | undefined): string {
    if (offsets === undefined && this.#texts === undefined) return JSON.stringify(this.values);
    const parts = (offsets ?? this.values.map((_, offset) => offset)).map(
      (offset) => this.#texts?.[offset] ?? JSON.stringify(this.values[offset]),
    );
    return `[${parts.join(',')}]`;
  }
}

/** What a request carries. */
export interface Parcel {
  readonly chunk: Chunk;
  /** `undefined`: all. */
  readonly offsets: readonly number[] | undefined;
  readonly count: number;
}

/** Some items of a chunk, so many in each request. */
export function parcelsOf(chunk: Chunk, offsets: readonly number[], size: number): Parcel[] {
  const parcels: Parcel[] = [];
  for (let i = 0; i < offsets.length; i += size) {
    const part = offsets.slice(i, i + size);
    parcels.push({ chunk, offsets: part, count: part.length });
  }
  return parcels;
}

export function offsetIn({ offsets }: Parcel, i: number): number {
  return offsets === undefined ? i : (offsets[i] as number);
}

/** Whether an item needs no text of its own, since it cannot change, and JSON carries it. */
export function isPlain(value: unknown, mostBytes: number): boolean {
  return isAsItIs(value) && lengthOf(value) * 6 <= mostBytes;
}

/**
 * Items that follow each other in a list and need no text.
 * @param most of them
 * @param room they end with the one that fills so many characters
 */
export function plainRun(
  list: readonly unknown[],
  from: number,
  most: number,
  room: number,
  mostBytes: number,
): { readonly to: number; readonly length: number } {
  const end = Math.min(list.length, from + most);
  let to = from;
  let length = 0;
  while (to < end && length < room && isPlain(list[to], mostBytes)) length += lengthOf(list[to++]);
  return { to, length };
}

function lengthOf(value: unknown): number {
  return typeof value === 'string' ? value.length + 3 : FEW;
}

/** Some items of a chunk that follow each other. */
interface Span {
  readonly chunk: Chunk;
  at: number;
  to: number;
}

/** The order in which items are given out. */
export class ItemQueue {
  readonly #ordered: boolean;
  #spans: Span[] = [];
  #head = 0;

  constructor(ordered: boolean) {
    this.#ordered = ordered;
  }

  taken(chunk: Chunk, offset: number, count: number): void {
    if (this.#ordered) this.#add(chunk, offset, offset + count);
  }

  settled(chunk: Chunk, offset: number, end: number): void {
    if (!this.#ordered && end > offset) this.#add(chunk, offset, end);
  }

  /** The chunk of the item that is to be given out next, once it is settled. */
  get next(): Chunk | undefined {
    const span = this.#spans[this.#head];
    if (span === undefined || span.chunk.stateOf(span.at) === 'pending') return undefined;
    return span.chunk;
  }

  /** The place of that item in its chunk. */
  get offset(): number {
    return (this.#spans[this.#head] as Span).at;
  }

  /** The next one has been given out. */
  advance(): void {
    const span = this.#spans[this.#head] as Span;
    if (++span.at < span.to) return;
    this.#head++;
    if (this.#head < 64 || this.#head * 2 < this.#spans.length) return;
    this.#spans = this.#spans.slice(this.#head);
    this.#head = 0;
  }

  clear(): void {
    this.#spans = [];
    this.#head = 0;
  }

  #add(chunk: Chunk, at: number, to: number): void {
    const last = this.#spans.length > this.#head ? this.#spans[this.#spans.length - 1] : undefined;
    if (last !== undefined && last.chunk === chunk && last.to === at) last.to = to;
    else this.#spans.push({ chunk, at, to });
  }
}

/** What `mapSettled` gives for an item. */
export function settledResult(chunk: Chunk, offset: number): object {
  const index = chunk.first + offset;
  const item = chunk.values[offset];
  const outcome = chunk.outcomes[offset];
  return chunk.stateOf(offset) === 'fulfilled'
    ? { status: 'fulfilled', index, item, value: outcome }
    : { status: 'rejected', index, item, reason: outcome };
}
