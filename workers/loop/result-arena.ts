/**
 * The bytes of results that do not fit a completion slot: a ring in memory that the main thread gives for
 * them and copies them out of. Step 12 of the protocol in `src/protocol/window.ts`.
 */
import { type ByteStore, MOST_RESULT_BYTES, type Stores } from '../../src/values/shared-views.js';
import { keepMemoryWarm } from '../../src/values/warm-memory.js';

export class ResultArena implements ByteStore, Stores {
  readonly #memory: Uint8Array;
  readonly #mask: number;
  /** Where the bytes of each completion end, by position modulo the capacity. They count on through the wrap. */
  readonly #ends: Float64Array;
  #head = 0;
  /** Bytes before that have been read. */
  #freeTo = 0;

  /** @param capacity of the window, a power of two */
  constructor(buffer: SharedArrayBuffer, capacity: number) {
    // No more than can be in use: memory that is used again soon is still in the caches.
    this.#memory = new Uint8Array(buffer, 0, Math.min(buffer.byteLength, capacity * MOST_RESULT_BYTES));
    this.#mask = capacity - 1;
    this.#ends = new Float64Array(capacity);
  }

  get arena(): ByteStore {
    return this;
  }

  /** Shared memory among results goes by message. */
  get shares(): { numberOf(): number } {
    return NONE;
  }

  /** The request at that position is to be completed: the completion one round before it has been read. */
  begin(position: number): void {
    this.#freeTo = this.#ends[position & this.#mask] as number;
  }

  put(bytes: Uint8Array, length: number): number {
    if (length > MOST_RESULT_BYTES) return -1;
    const { length: size } = this.#memory;
    let at = this.#head % size;
    let head = this.#head + length;
    if (at + length > size) {
      head += size - at;
      at = 0;
    }
    if (head - this.#freeTo > size) return -1;
    // The main thread copies them into memory of its own.
    keepMemoryWarm(length);
    this.#memory.set(bytes, at);
    this.#head = head;
    return at;
  }

  /** The request at that position is completed, with or without bytes here. */
  end(position: number): void {
    this.#ends[position & this.#mask] = this.#head;
  }
}

const NONE = { numberOf: () => 0 };
