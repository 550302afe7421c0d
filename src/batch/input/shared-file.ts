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
    if (this.#holders === 0 && this.descriptor !== 0) close(this.descriptor, () => {});
  }

  /** Reads at least one byte; 0 at the end. @throws BatchFileError */
  async read(into: Buffer, position: number): Promise<number> {
    try {
      return (await readBytes(this.descriptor, into, 0, into.length, position)).bytesRead;
    } catch (error) {
      throw new BatchFileError(this.name, error);
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
