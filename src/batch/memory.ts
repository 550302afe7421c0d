/** Shared memory for chunks: taken again and again, since a fresh one costs its pages, and each thread must be told of it. */
import { HEADER_BYTES, resetHeader } from './layout.js';

/** The memory of one chunk, as in `layout.ts`. */
export interface ChunkMemory {
  readonly shared: SharedArrayBuffer;
  readonly header: Int32Array;
  /** All of it as bytes. */
  readonly bytes: Buffer;
}

/** Room for results that even the smallest chunk has. */
const LEAST_ROOM = 4 * 1024;
/** Larger ones are used once. */
const MOST_POOLED = 4 * 1024 * 1024;
const MOST_RATIO = 8;
const LEAST_SIZE = 16 * 1024;

export class MemoryPool {
  readonly #free = new Map<number, ChunkMemory[]>();
  /** Room for results, as a multiple of the input. */
  #ratio = 1;

  /** Memory for that much input and its results. */
  take(inputBytes: number): ChunkMemory {
    const wanted = HEADER_BYTES + inputBytes + Math.max(LEAST_ROOM, inputBytes * this.#ratio);
    // Powers of two, so that memory fits most chunks. Pages that nobody writes to cost nothing.
    const size = Math.max(LEAST_SIZE, 2 ** Math.ceil(Math.log2(wanted)));
    const found = this.#free.get(size)?.pop();
    if (found !== undefined) {
      resetHeader(found.header);
      return found;
    }
    const shared = new SharedArrayBuffer(size);
    const header = new Int32Array(shared, 0, HEADER_BYTES / 4);
    resetHeader(header);
    return { shared, header, bytes: Buffer.from(shared) };
  }

  /** Not to be called while a thread may still write to it. */
  give(memory: ChunkMemory): void {
    const size = memory.shared.byteLength;
    if (size > MOST_POOLED) return;
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [memory]);
    else free.push(memory);
  }

  /** Results did not fit: further memory has more room for them. */
  enlarge(): void {
    this.#ratio = Math.min(this.#ratio * 2, MOST_RATIO);
  }
}
