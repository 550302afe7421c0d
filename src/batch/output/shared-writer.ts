/** One writer for results and failed items that go to one place: whole lines follow each other. */
import type { Writer } from './byte-writer.js';

/** What one of them has of the writer. */
export class SharedWriter implements Writer {
  readonly #writer: Writer;
  #given = 0;

  constructor(writer: Writer) {
    this.#writer = writer;
  }

  /** Those of the other one, too. */
  get waitingBytes(): number {
    return this.#writer.waitingBytes;
  }

  /** Its own bytes, before they are compressed. Exact when nothing waits, else at least so many. */
  get written(): number {
    return Math.max(0, this.#given - this.#writer.waitingBytes);
  }

  check(): void {
    this.#writer.check();
  }

  write(bytes: Buffer): void {
    this.#given += bytes.length;
    this.#writer.write(bytes);
  }

  async flush(): Promise<void> {
    await this.#writer.flush();
  }
}
