/** The lines of a chunk as texts of some whole lines each: from memory, or read by the thread itself. */
import { readSync } from 'node:fs';

/**
 * Bytes decoded at once. Measured with Node 20 for 100 MB: strings below 128 KB are allocated in V8's young
 * generation and take 10 ms of processor time; larger ones are large objects and take 700 ms.
 */
const SLICE_BYTES = 64 * 1024;

export interface Slices {
  /** The next lines, the last one perhaps without its end; `undefined` at the end. */
  next(): string | undefined;
  /** The rest could not be read. */
  readonly isCutShort: boolean;
}

/** A part of a file that the thread reads. */
export interface FilePart {
  readonly descriptor: number;
  readonly from: number;
  readonly to: number;
}

export class MemorySlices implements Slices {
  readonly isCutShort = false;
  readonly #bytes: Buffer;
  readonly #separator: number;
  #at = 0;

  constructor(bytes: Buffer, separator: number) {
    this.#bytes = bytes;
    this.#separator = separator;
  }

  next(): string | undefined {
    const bytes = this.#bytes;
    const from = this.#at;
    if (from >= bytes.length) return undefined;
    let to = Math.min(from + SLICE_BYTES, bytes.length);
    if (to < bytes.length) {
      const last = bytes.lastIndexOf(this.#separator, to - 1);
      if (last >= from) to = last + 1;
      else {
        const first = bytes.indexOf(this.#separator, to);
        to = first < 0 ? bytes.length : first + 1;
      }
    }
    this.#at = to;
    return bytes.toString('utf8', from, to);
  }
}

/** Reads into the same small memory again and again, which stays in the cache of the processor. */
export class FileSlices implements Slices {
  readonly #descriptor: number;
  readonly #separator: number;
  readonly #to: number;
  #position: number;
  #bytes: Buffer;
  /** Bytes of a line that has begun, at the beginning of the memory. */
  #kept = 0;
  #isCutShort = false;

  constructor({ descriptor, from, to }: FilePart, separator: number) {
    this.#descriptor = descriptor;
    this.#separator = separator;
    this.#position = from;
    this.#to = to;
    this.#bytes = Buffer.allocUnsafeSlow(Math.min(SLICE_BYTES, to - from));
  }

  get isCutShort(): boolean {
    return this.#isCutShort;
  }

  next(): string | undefined {
    for (;;) {
      const read = this.#read();
      if (read < 0) return undefined;
      const filled = this.#kept + read;
      const isLast = this.#position === this.#to;
      const end = isLast ? filled : this.#bytes.subarray(this.#kept, filled).lastIndexOf(this.#separator) + 1;
      if (end === 0 && filled > 0) {
        this.#kept = filled;
        continue;
      }
      if (filled === 0) return undefined;
      const to = isLast ? filled : this.#kept + end;
      const text = this.#bytes.toString('utf8', 0, to);
      this.#bytes.copyWithin(0, to, filled);
      this.#kept = filled - to;
      return text;
    }
  }

  /** Fills the memory, after making it larger for a line that fills it. @returns bytes; -1: there are none */
  #read(): number {
    const left = this.#to - this.#position;
    if (this.#kept === this.#bytes.length && left > 0) {
      const larger = Buffer.allocUnsafeSlow(Math.min(this.#kept * 2, this.#kept + left));
      this.#bytes.copy(larger);
      this.#bytes = larger;
    }
    const want = Math.min(left, this.#bytes.length - this.#kept);
    if (want === 0) return 0;
    let read = 0;
    try {
      read = readSync(this.#descriptor, this.#bytes, this.#kept, want, this.#position);
    } catch {
      // The main thread reads it again, and says what is wrong with it.
    }
    this.#isCutShort = read === 0;
    this.#position += read;
    return read === 0 ? -1 : read;
  }
}
