/** Inputs as bytes: files, standard input, streams. Compressed files are read through a decompressor. */
import { createReadStream, fstatSync, open } from 'node:fs';
import { PassThrough, pipeline, type Readable } from 'node:stream';
import { promisify } from 'node:util';
import { decompressorFor } from '../compression.js';
import { BatchFileError } from '../errors.js';
import { SharedFile } from './shared-file.js';
import { positionOfStdin, streamOfStdin } from './standard-input.js';

const openFile = promisify(open);

/** A path, `-` for standard input, or a stream of bytes. */
export type BatchInput = string | Readable;

/** An open input, read forwards only. */
export interface ByteSource {
  /** Total bytes, if known. */
  readonly size: number | undefined;
  /** Reads at least one byte into `into`; 0 at the end. */
  read(into: Buffer): Promise<number>;
  /** Continues at a later position. @returns false: the input ends before it */
  skipTo(position: number): Promise<boolean>;
  close(): void;
  /** Set for a regular file that holds the bytes as they are. */
  readonly file: SharedFile | undefined;
}

/** Bytes read at once. */
const PIECE = 256 * 1024;

export function nameOf(input: BatchInput): string {
  return typeof input === 'string' ? input : '(stream)';
}

/**
 * Opens by libuv's threads: opening a FIFO waits for its writer, and a stalled disk takes its time.
 * @throws BatchFileError, BatchError this Node cannot decompress it
 */
export async function openSource(input: BatchInput): Promise<ByteSource> {
  if (typeof input !== 'string') return new StreamSource(input, '(stream)');
  if (input === '-') {
    const stats = fstatSync(0);
    // As `cat` does: what was read of it before is left out.
    if (stats.isFile() && positionOfStdin() === 0) return new FileSource(new SharedFile(0, '-'));
    // A read pending in libuv's thread pool would block the exit of the process; a stream's does not.
    return new StreamSource(streamOfStdin(stats), '-');
  }
  const decompressor = decompressorFor(input);
  let file: number;
  try {
    file = await openFile(input, 'r');
    if (fstatSync(file).isDirectory())
      throw Object.assign(new Error('EISDIR'), { code: 'EISDIR', errno: -21 });
  } catch (error) {
    throw new BatchFileError(input, error);
  }
  const isFile = fstatSync(file).isFile();
  if (decompressor === undefined && isFile) return new FileSource(new SharedFile(file, input));
  const stream = createReadStream('', { fd: file, highWaterMark: PIECE });
  if (decompressor === undefined) return new StreamSource(stream, input);
  const output = new PassThrough();
  // Errors surface in the iteration over `output`.
  pipeline(stream, decompressor, output, () => {});
  return new StreamSource(output, input);
}

class FileSource implements ByteSource {
  readonly file: SharedFile;
  #position = 0;
  #isClosed = false;

  constructor(file: SharedFile) {
    this.file = file;
  }

  get size(): number {
    return this.file.size;
  }

  async read(into: Buffer): Promise<number> {
    const read = await this.file.read(into, this.#position);
    this.#position += read;
    return read;
  }

  async skipTo(position: number): Promise<boolean> {
    this.#position = position;
    return position <= this.size;
  }

  close(): void {
    if (!this.#isClosed) this.file.release();
    this.#isClosed = true;
  }
}

class StreamSource implements ByteSource {
  readonly file = undefined;
  readonly size = undefined;
  readonly #name: string;
  readonly #stream: Readable;
  readonly #chunks: AsyncIterator<Uint8Array | string>;
  #rest = Buffer.alloc(0);
  #position = 0;

  constructor(stream: Readable, name: string) {
    this.#stream = stream;
    this.#name = name;
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  async read(into: Buffer): Promise<number> {
    if (!(await this.#fill())) return 0;
    const length = this.#rest.copy(into);
    this.#rest = this.#rest.subarray(length);
    this.#position += length;
    return length;
  }

  async skipTo(position: number): Promise<boolean> {
    while (this.#position < position && (await this.#fill())) {
      const length = Math.min(position - this.#position, this.#rest.length);
      this.#rest = this.#rest.subarray(length);
      this.#position += length;
    }
    return this.#position >= position;
  }

  close(): void {
    this.#stream.destroy();
  }

  async #fill(): Promise<boolean> {
    try {
      while (this.#rest.length === 0) {
        const next = await this.#chunks.next();
        if (next.done) return false;
        this.#rest = Buffer.from(next.value as Uint8Array);
      }
      return true;
    } catch (error) {
      throw new BatchFileError(this.#name, error);
    }
  }
}
