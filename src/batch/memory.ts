/** Pool of shared memory for chunks: fresh memory costs page faults, and a message to each thread. */
import { HEADER_BYTES, resetHeader } from './layout.js';

/** The memory of one chunk, as in `layout.ts`. */
export interface ChunkMemory {
  readonly shared: SharedArrayBuffer;
  readonly header: Int32Array;
  /** The whole memory as bytes. */
  readonly bytes: Buffer;
}

/** Least room for results. */
const LEAST_ROOM = 4 * 1024;
/** Larger memory is not pooled. */
const MOST_POOLED = 8 * 1024 * 1024;
const MOST_RATIO = 8;
const LEAST_SIZE = 16 * 1024;

/** @param size in bytes, with header, input and results */
export function newMemory(size: number): ChunkMemory {
  const shared = new SharedArrayBuffer(size);
  const header = new Int32Array(shared, 0, HEADER_BYTES / 4);
  resetHeader(header);
  return { shared, header, bytes: Buffer.from(shared) };
}

export class MemoryPool {
  readonly #free = new Map<number, ChunkMemory[]>();
  /** Room for results, as a multiple of the input. */
  #ratio = 1;

  /** Memory for an input of this size and its results. */
  take(inputBytes: number): ChunkMemory {
    return this.#take(HEADER_BYTES + inputBytes + this.#roomFor(inputBytes));
  }

  /** Memory for the results of an input that a thread reads. */
  takeRoom(inputBytes: number): ChunkMemory {
    return this.#take(HEADER_BYTES + this.#roomFor(inputBytes));
  }

  /** The largest input whose results fit into memory that is used again. */
  get mostWithRoom(): number {
    return (MOST_POOLED - HEADER_BYTES) / this.#ratio;
  }

  #roomFor(inputBytes: number): number {
    return Math.max(LEAST_ROOM, inputBytes * this.#ratio);
  }

  #take(wanted: number): ChunkMemory {
    // Powers of two make reuse likely; untouched pages cost nothing.
    const size = Math.max(LEAST_SIZE, 2 ** Math.ceil(Math.log2(wanted)));
    const found = this.#free.get(size)?.pop();
    if (found !== undefined) {
      resetHeader(found.header);
      return found;
    }
    return newMemory(size);
  }

  /** Must not be called while a thread may still write to the memory. */
  give(memory: ChunkMemory): void {
    const size = memory.shared.byteLength;
    if (size > MOST_POOLED) return;
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [memory]);
    else free.push(memory);
  }

  /** Called when results did not fit: later memory gets more room. */
  enlarge(): void {
    this.#ratio = Math.min(this.#ratio * 2, MOST_RATIO);
  }
}
