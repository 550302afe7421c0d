/** An open regular file that the reader, the threads' chunks and a second look at one may all need. */
import { close, fstatSync, read } from 'node:fs';
import { promisify } from 'node:util';
import { BatchError, BatchFileError } from '../errors.js';

const readBytes = promisify(read);

/** Closed when its last holder has released it. The first holder is who makes it. */
export class SharedFile {
  /** Valid in all threads of the process. */
  readonly descriptor: number;
  readonly name: string;
  #holders = 1;
  #isClosed = false;

  constructor(descriptor: number, name: string) {
    this.descriptor = descriptor;
    this.name = name;
  }

  get size(): number {
    return fstatSync(this.descriptor).size;
  }

  hold(): this {
    this.#holders++;
    return this;
  }

  release(): void {
    this.#holders--;
    // Once: whoever held it again then would close what has got its number since.
    if (this.#holders > 0 || this.#isClosed) return;
    this.#isClosed = true;
    if (this.descriptor !== 0) close(this.descriptor, () => {});
  }

  /** Reads at least one byte; 0 at the end. @throws BatchFileError */
  async read(into: Buffer, position: number): Promise<number> {
    if (this.#isClosed) throw new BatchError(`${this.name}: the batch has ended while it was read`);
    // It stays open meanwhile: its number would be another file's.
    this.hold();
    try {
      return (await readBytes(this.descriptor, into, 0, into.length, position)).bytesRead;
    } catch (error) {
      throw new BatchFileError(this.name, error);
    } finally {
      this.release();
    }
  }

  /** All bytes of a part. @throws BatchFileError; BatchError the file ends before it */
  async readAll(from: number, to: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(to - from);
    for (let length = 0; length < bytes.length; ) {
      const count = await this.read(bytes.subarray(length), from + length);
      if (count === 0) {
        throw new BatchError(`${this.name}: has become shorter while it was read: it ends before byte ${to}`);
      }
      length += count;
    }
    return bytes;
  }
}
