/** Writes a compressed file. The compression runs in libuv's threads, not in the main one. */
import { once } from 'node:events';
import type { Transform } from 'node:stream';
import { ByteWriter } from './byte-writer.js';

export class CompressingWriter extends ByteWriter {
  readonly #compressor: Transform;
  /** Bytes that are not compressed yet. */
  #waiting = 0;

  constructor(
    compressor: Transform,
    ...[file, name, position, changed]: ConstructorParameters<typeof ByteWriter>
  ) {
    super(file, name, position, changed);
    this.#compressor = compressor;
    compressor.on('data', (bytes: Buffer) => super.write(bytes));
  }

  override get waitingBytes(): number {
    return this.#waiting + super.waitingBytes;
  }

  override write(bytes: Buffer): void {
    this.#waiting += bytes.length;
    this.#compressor.write(bytes, () => {
      this.#waiting -= bytes.length;
    });
  }

  /** Also ends the compressed file: nothing can be written after that. */
  override async flush(): Promise<void> {
    if (!this.#compressor.writableEnded) {
      const ended = once(this.#compressor, 'end');
      this.#compressor.end();
      await ended;
    }
    await super.flush();
  }
}
