/**
 * What is to be run next: reads ahead of the executor, as little as it can, and cuts parts to the size that the
 * executor wants.
 */
import type { Executor } from './executor.js';
import type { LineEnds } from './input/line-ends.js';
import { PIECE_BYTES, type Piece, Reader, type ReaderOptions } from './input/reader.js';
import type { MemoryPool } from './memory.js';
import type { BatchSettings } from './options.js';
import { checkHeader, Setups } from './setups.js';
import { Part, type Work } from './work.js';

export class Supply {
  readonly #work: Work;
  readonly #ends: LineEnds;
  readonly #executor: Executor;
  readonly #setups: Setups;
  readonly #reader: Reader;
  #isReading = false;
  #hasEnded = false;
  #isClosed = false;

  /** @param work to which parts are added, and from which they are taken */
  constructor(
    work: Work,
    ends: LineEnds,
    executor: Executor,
    pool: MemoryPool,
    settings: BatchSettings,
    rangesOf: ReaderOptions['rangesOf'],
  ) {
    this.#work = work;
    this.#ends = ends;
    this.#executor = executor;
    this.#setups = new Setups(settings);
    const { inputs, format, separator } = settings;
    const sizeOf = () => executor.sizeOf(this.#left, pool.mostWithRoom);
    this.#reader = new Reader(
      {
        inputs,
        ends,
        separator,
        checkHeader: format === 'csv' ? checkHeader : undefined,
        sizeOf: executor.readsFiles && canCut(settings) ? sizeOf : undefined,
        rangesOf,
      },
      pool,
    );
  }

  /** The setup without columns, as JSON. */
  get setup(): string {
    return this.#setups.plain;
  }

  /** All input has become parts. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether there is a reason to read: nothing waits, and nothing is being read. */
  get isWanted(): boolean {
    return !this.#isReading && !this.#hasEnded && this.#work.waiting === 0;
  }

  /** Adds the next part of the input, if there is one. @returns its bytes in memory */
  async read(): Promise<number> {
    this.#isReading = true;
    const piece = await this.#reader.next();
    this.#isReading = false;
    if (this.#isClosed) {
      // It was opened meanwhile, perhaps.
      piece?.file?.release();
      this.#reader.close();
    } else if (piece === undefined) this.#hasEnded = true;
    else this.#append(piece);
    return piece?.bytes.length ?? 0;
  }

  /** Takes the first waiting part, or a piece of it. There must be one. */
  take(): Part {
    const part = this.#work.take() as Part;
    const { bytes, memory } = part;
    // It was cut as it is wanted.
    if (part.file !== undefined) return part;
    const left = this.#left;
    const size = this.#executor.sizeOf(left === undefined ? undefined : left + bytes.length, PIECE_BYTES);
    // A small rest is not worth a copy.
    if (size * 1.5 >= bytes.length) return part;
    const end = this.#ends.firstFrom(bytes, Math.ceil(size));
    if (end >= bytes.length) return part;
    const head = new Part(part.range, part.from, bytes.subarray(0, end), part.setup);
    head.isFirst = part.isFirst;
    const tail = new Part(part.range, part.from + end, bytes.subarray(end), part.setup, memory);
    this.#work.replace(part, [head, tail]);
    return this.#work.take() as Part;
  }

  /** A pending read, from a terminal perhaps, is abandoned. */
  close(): void {
    this.#isClosed = true;
    this.#reader.close();
    this.#work.releaseFiles();
  }

  /** Bytes to be handed out, if known. */
  get #left(): number | undefined {
    const unread = this.#hasEnded ? 0 : this.#reader.left;
    return unread === undefined ? undefined : unread + this.#work.waitingBytes;
  }

  #append({ range, from, to, bytes, memory, file, header, isFirst }: Piece): void {
    this.#executor.look();
    const part = new Part(range, from, bytes, this.#setups.of(header), memory, to - from);
    part.file = file;
    part.isFirst = isFirst;
    this.#work.append(part);
  }
}

/**
 * The number of a line is known when all lines before have been run or counted: where it is asked for out of
 * order, the bytes have to be here.
 */
function canCut({ format, ordered, journal, errors }: BatchSettings): boolean {
  // Where a record ends depends on all the quotes before.
  if (format === 'csv') return false;
  return ordered || (journal === undefined && errors === undefined);
}
