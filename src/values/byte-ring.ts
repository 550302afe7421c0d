/**
 * Shared memory into which values are copied one behind the other, for the other side to copy out again. Used
 * by both sides.
 *
 * Offsets count on through the wrap; a value is never split by it.
 */
import { copyBytes } from './copy-bytes.js';
import type { TextWriter } from './packed-text.js';
import type { ByteStore } from './shared-views.js';
import { keepMemoryWarm } from './warm-memory.js';

export class ByteRing implements ByteStore {
  /** Where the next value may begin. */
  head = 0;
  /** What is before has been read. */
  freeTo = 0;
  readonly most: number;
  readonly #bytes: Buffer;

  /**
   * @param size bytes that are used of the buffer
   * @param most bytes of the largest value
   */
  constructor(buffer: SharedArrayBuffer, size: number, most: number) {
    this.#bytes = Buffer.from(buffer, 0, size);
    this.most = most;
  }

  put(bytes: Uint8Array, length: number): number {
    const at = this.#take(length);
    if (at >= 0) copyBytes(bytes, this.#bytes, at, length);
    return at;
  }

  putText(text: string, length: number, isWide: boolean): number {
    const at = this.#take(length);
    const writer = this.#bytes as unknown as TextWriter;
    if (at < 0) return -1;
    if (isWide) writer.ucs2Write(text, at);
    else writer.latin1Write(text, at);
    return at;
  }

  /** @returns -1: there is no room */
  #take(length: number): number {
    const size = this.#bytes.length;
    let at = this.head % size;
    let head = this.head + length;
    if (at + length > size) {
      head += size - at;
      at = 0;
    }
    if (head - this.freeTo > size) return -1;
    // The other side copies it into memory of its own.
    keepMemoryWarm(length);
    this.head = head;
    return at;
  }
}
