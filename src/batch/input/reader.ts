/**
 * Reads inputs as pieces of whole lines, in shared memory. Files whose bytes are the lines are only cut; the
 * threads read them.
 *
 * Bytes are read straight into the memory that a thread will run them from. Only the part after the last line
 * end is copied, to the beginning of the next piece.
 */
import { BatchError } from '../errors.js';
import { HEADER_BYTES } from '../layout.js';
import type { ChunkMemory, MemoryPool } from '../memory.js';
import { cutFile } from './file-cutter.js';
import type { LineEnds } from './line-ends.js';
import type { SharedFile } from './shared-file.js';
import { type BatchInput, type ByteSource, nameOf, openSource } from './source.js';

/**
 * Bytes read at once: the largest chunk, unless a line is longer. With equal room for results it fills 2 MB.
 */
export const PIECE_BYTES = 1024 * 1024 - HEADER_BYTES / 2;

/**
 * From the first on a line of a file gets room for all that is left of it, up to the second: only what is read
 * takes memory, and a copy into larger memory leaves the smaller one behind until it is collected.
 */
const LONG_LINE_BYTES = 8 * 1024 * 1024;
const MOST_AT_ONCE = 128 * 1024 * 1024;

/**
 * Smaller files, and smaller ranges of one, are read here: that takes few ms, and what cuts them is not compiled by then.
 */
const LEAST_TO_CUT = 16 * 1024 * 1024;

/** V8's longest string. */
const MOST_LINE_BYTES = 512 * 1024 * 1024;

/** A part of an input to run. */
export interface Range {
  /** Index of the input. */
  readonly source: number;
  readonly from: number;
  /** Infinity: to its end. */
  readonly to: number;
  /** Number of the first unwritten line, from 1. */
  line: number;
}

/** Whole lines: bytes in memory, or still in a file. */
export interface Piece {
  readonly range: Range;
  /** Position of the first byte in its input, and that behind the last one. */
  readonly from: number;
  readonly to: number;
  readonly bytes: Buffer;
  /** Holds the bytes. */
  readonly memory: ChunkMemory | undefined;
  /** Set if the bytes have not been read. To be released by who gets the piece. */
  readonly file: SharedFile | undefined;
  /** First record of a CSV input. */
  readonly header: Buffer | undefined;
  /** First piece of its input. */
  readonly isFirst: boolean;
}

export interface ReaderOptions {
  readonly inputs: readonly BatchInput[];
  readonly ends: LineEnds;
  /** The byte that ends a line. */
  readonly separator: number;
  /** The first record of each input is its header: throws if it is none. Default: there are no headers. */
  readonly checkHeader: ((header: Buffer, input: string) => void) | undefined;
  /** Wanted bytes of the next piece of a file that is not read here. Default: all is read here. */
  sizeOf: (() => number) | undefined;
  /** Ranges of an input to run. Default: all of it. */
  rangesOf?(source: number): Range[];
}

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

export class Reader {
  readonly #options: ReaderOptions;
  readonly #pool: MemoryPool;
  readonly #pieces: AsyncGenerator<Piece, void, undefined>;
  #open: ByteSource | undefined;
  #position = 0;

  constructor(options: ReaderOptions, pool: MemoryPool) {
    this.#options = options;
    this.#pool = pool;
    this.#pieces = this.#read();
  }

  /** `undefined` at the end. */
  async next(): Promise<Piece | undefined> {
    const next = await this.#pieces.next();
    return next.done ? undefined : next.value;
  }

  /** Unread bytes of the current input, if known. */
  get left(): number | undefined {
    const size = this.#open?.size;
    return size === undefined ? undefined : Math.max(0, size - this.#position);
  }

  close(): void {
    this.#open?.close();
  }

  async *#read(): AsyncGenerator<Piece, void, undefined> {
    for (const [index, input] of this.#options.inputs.entries()) {
      const ranges = this.#options.rangesOf?.(index) ?? [
        { source: index, from: 0, to: Number.POSITIVE_INFINITY, line: 1 },
      ];
      if (ranges.length === 0) continue;
      const source = await openSource(input);
      this.#open = source;
      try {
        const file = this.#fileToCut(source, ranges);
        if (file === undefined) yield* this.#readSource(source, input, ranges);
        else yield* this.#cut(file, ranges);
      } finally {
        this.#open = undefined;
        source.close();
      }
    }
  }

  /** The file, if its threads are to read it. */
  #fileToCut({ file }: ByteSource, ranges: readonly Range[]): SharedFile | undefined {
    if (file === undefined || this.#options.sizeOf === undefined) return undefined;
    const { size } = file;
    return ranges.every(({ from, to }) => Math.min(to, size) - from >= LEAST_TO_CUT) ? file : undefined;
  }

  async *#cut(file: SharedFile, ranges: readonly Range[]): AsyncGenerator<Piece, void, undefined> {
    const cutter = {
      file,
      separator: this.#options.separator,
      mostLineBytes: MOST_LINE_BYTES,
      sizeAt: (position: number) => {
        this.#position = position;
        return this.#options.sizeOf?.() as number;
      },
    };
    const bytes = Buffer.alloc(0);
    for (const range of ranges) {
      const start = range.from === 0 ? bomLength(await file.readAll(0, BOM.length)) : range.from;
      let isFirst = range.from === 0;
      for await (const { from, to } of cutFile(cutter, start, range.to)) {
        this.#position = to;
        yield { range, from, to, bytes, memory: undefined, file: file.hold(), header: undefined, isFirst };
        isFirst = false;
      }
    }
  }

  async *#readSource(
    source: ByteSource,
    input: BatchInput,
    ranges: readonly Range[],
  ): AsyncGenerator<Piece, void, undefined> {
    this.#position = 0;
    let carry: Buffer = Buffer.alloc(0);
    let header: Buffer | undefined;
    const { checkHeader } = this.#options;
    if (checkHeader !== undefined) {
      const first = await this.#fill(source, Buffer.alloc(0), Number.POSITIVE_INFINITY, input);
      if (first === undefined) return;
      const end = this.#options.ends.after(first.bytes, 1);
      header = Buffer.from(withoutBom(first.bytes.subarray(0, end)));
      checkHeader(header, nameOf(input));
      carry = Buffer.from(first.filled.subarray(end));
      this.#pool.give(first.memory);
    }
    for (const range of ranges) {
      let from = range.from;
      if (header !== undefined && from === 0) {
        from = this.#position - carry.length;
        range.line++;
      }
      carry = carry.subarray(Math.min(carry.length, Math.max(0, from - (this.#position - carry.length))));
      if (carry.length === 0 && this.#position < from) {
        if (!(await source.skipTo(from))) {
          throw new BatchError(`${nameOf(input)}: ends before byte ${from}, up to which it was done before`);
        }
        this.#position = from;
      }
      const over = this.#position - range.to;
      if (over >= 0) {
        // The whole range was read together with the header.
        const bytes = carry.subarray(0, carry.length - over);
        carry = carry.subarray(bytes.length);
        yield { ...this.#pieceOf(range, from, bytes), file: undefined, header, isFirst: range.from === 0 };
        continue;
      }
      for (let isFirst = range.from === 0; ; isFirst = false) {
        const piece = await this.#fill(source, carry, range.to, input);
        if (piece === undefined) break;
        carry = Buffer.from(piece.filled.subarray(piece.bytes.length));
        const start = from === 0 && header === undefined ? bomLength(piece.bytes) : 0;
        const bytes = piece.bytes.subarray(start);
        if (bytes.length > 0) {
          const to = from + piece.bytes.length;
          yield {
            range,
            from: from + start,
            to,
            bytes,
            memory: piece.memory,
            file: undefined,
            header,
            isFirst,
          };
        }
        if (bytes.length === 0) this.#pool.give(piece.memory);
        from += piece.bytes.length;
      }
      carry = Buffer.alloc(0);
    }
  }

  #pieceOf(range: Range, from: number, bytes: Buffer) {
    const memory = this.#pool.take(bytes.length);
    const area = memory.bytes.subarray(HEADER_BYTES, HEADER_BYTES + bytes.length);
    bytes.copy(area);
    return { range, from, to: from + bytes.length, bytes: area, memory };
  }

  /** A larger capacity, for a line that does not fit one. */
  #roomBeyond(capacity: number): number {
    const { left } = this;
    const whole =
      left === undefined || capacity < LONG_LINE_BYTES ? 0 : Math.min(capacity + left, MOST_AT_ONCE);
    return Math.min(Math.max(capacity * 2, whole), MOST_LINE_BYTES);
  }

  /** Reads until a line end or the end of the range; `undefined` at the end. */
  async #fill(source: ByteSource, carry: Buffer, to: number, input: BatchInput) {
    let capacity = PIECE_BYTES;
    while (capacity < carry.length * 2) capacity *= 2;
    let memory = this.#pool.take(capacity);
    let area = memory.bytes.subarray(HEADER_BYTES, HEADER_BYTES + capacity);
    let length = carry.copy(area);
    for (;;) {
      // No more than there is already: the line may end soon.
      const want = Math.min(capacity - length, Math.max(PIECE_BYTES, length), to - this.#position);
      const read = want > 0 ? await source.read(area.subarray(length, length + want)) : 0;
      this.#position += read;
      length += read;
      const filled = area.subarray(0, length);
      if (read === 0) {
        if (length === 0) {
          this.#pool.give(memory);
          return undefined;
        }
        return { memory, filled, bytes: filled };
      }
      const end = this.#options.ends.last(filled, length - read);
      if (end > 0) return { memory, filled, bytes: filled.subarray(0, end) };
      if (length < capacity) continue;
      if (capacity >= MOST_LINE_BYTES) {
        throw new BatchError(
          `${nameOf(input)}: the line that begins at byte ${this.#position - length} is longer than ${MOST_LINE_BYTES / 1024 / 1024} MB`,
        );
      }
      capacity = this.#roomBeyond(capacity);
      const larger = this.#pool.take(capacity);
      const space = larger.bytes.subarray(HEADER_BYTES, HEADER_BYTES + capacity);
      filled.copy(space);
      this.#pool.give(memory);
      memory = larger;
      area = space;
    }
  }
}

function bomLength(bytes: Buffer): number {
  return bytes.subarray(0, 3).equals(BOM) ? 3 : 0;
}

function withoutBom(bytes: Buffer): Buffer {
  return bytes.subarray(bomLength(bytes));
}
