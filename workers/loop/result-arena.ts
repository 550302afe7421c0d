/**
 * Results that do not fit a completion slot, as bytes: in memory that the main thread gives for them and
 * copies them out of. Step 12 of the protocol in `src/protocol/window.ts`.
 */
import { ByteRing } from '../../src/values/byte-ring.js';
import { MOST_RESULT_BYTES, type Stores } from '../../src/values/shared-views.js';

/** Shared memory among results goes by message. */
const NONE = { numberOf: () => 0 };

export class ResultArena implements Stores {
  readonly arena: ByteRing;
  readonly shares = NONE;
  readonly #mask: number;
  /** Where the bytes of each completion end, by position modulo the capacity. */
  readonly #ends: Float64Array;

  /** @param capacity of the window, a power of two */
  constructor(buffer: SharedArrayBuffer, capacity: number) {
    // No more than can be in use: memory that is used again soon is still in the caches.
    const size = Math.min(buffer.byteLength, capacity * MOST_RESULT_BYTES);
    this.arena = new ByteRing(buffer, size, MOST_RESULT_BYTES);
    this.#mask = capacity - 1;
    this.#ends = new Float64Array(capacity);
  }

  /** The request at that position is to be completed: the completion one round before it has been read. */
  begin(position: number): void {
    this.arena.freeTo = this.#ends[position & this.#mask] as number;
  }

  /** The request at that position is completed, with or without bytes here. */
  end(position: number): void {
    this.#ends[position & this.#mask] = this.arena.head;
  }
}
