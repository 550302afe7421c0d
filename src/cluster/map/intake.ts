/** Items on their way from the source into chunks. */

import type { ChunkSizes } from './chunk-sizes.js';
import { type Chunk, type Item, newItem } from './item.js';
import type { MapTarget } from './target.js';

export interface IntakeEvents {
  /** An item has come from the source. */
  taken(item: Item): void;
  /** It cannot be sent. */
  refused(item: Item, error: unknown): void;
  /** These are to be sent together. */
  full(items: readonly Item[]): void;
}

export class Intake {
  readonly #target: MapTarget;
  readonly #sizes: ChunkSizes;
  readonly #events: IntakeEvents;
  #open: Chunk | undefined;
  /** Items of the open chunk when it is full. */
  #size = 1;
  #taken = 0;
  /** Those with items that are not given out. */
  #chunks = 0;

  constructor(target: MapTarget, sizes: ChunkSizes, events: IntakeEvents) {
    this.#target = target;
    this.#sizes = sizes;
    this.#events = events;
  }

  /** A chunk has begun, which is not full. */
  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** As many chunks are under way, or wait to be given out, as may be. */
  get isFull(): boolean {
    return this.#chunks >= this.#sizes.window;
  }

  /** @param remaining items that are still to come, if that is known */
  open(remaining: number | undefined): void {
    this.#size = this.#sizes.next(remaining);
  }

  take(value: unknown): void {
    if (this.#open === undefined) {
      this.#open = { items: [], taken: 0, length: 0, left: 0 };
      this.#chunks++;
    }
    const chunk = this.#open;
    const index = this.#taken++;
    const written = this.#target.write(value, index);
    const text = typeof written === 'string' ? written : '';
    const item = newItem(index, value, text, chunk);
    chunk.left++;
    chunk.taken++;
    chunk.length += text.length;
    this.#events.taken(item);
    if (typeof written === 'string') chunk.items.push(item);
    else this.#events.refused(item, written.error);
    if (chunk.taken >= this.#size || chunk.length >= this.#target.mostBytes) this.flush();
  }

  /** Sends what has been taken. */
  flush(): void {
    const chunk = this.#open;
    if (chunk === undefined) return;
    this.#open = undefined;
    if (chunk.items.length > 0) this.#events.full(chunk.items);
    else if (chunk.left === 0) this.#chunks--;
  }

  /** An item has been given out. */
  given({ chunk }: Item): void {
    chunk.left--;
    if (chunk.left === 0 && chunk !== this.#open) this.#chunks--;
  }

  /** What has been taken will not be sent. */
  clear(): void {
    this.#open = undefined;
  }
}
