/**
 * A file of Chrome trace events, in the "JSON array format" of Google's "Trace Event Format", one event a
 * line. Its readers (Perfetto, chrome://tracing) take an array that has no end, so the file is whole after
 * each write.
 *
 * A process that is killed in the middle of a write leaves whole pages of that write. So no event lies across
 * the border of two pages of the file: spaces fill what is left of a page.
 */
import { closeSync, openSync, writeSync } from 'node:fs';

const PAGE_BYTES = 4096;
/** Text that is collected before it is written. */
const BUFFER_BYTES = 16 * PAGE_BYTES;
const BEGIN = '[\n';
const SEPARATOR = ',\n';
const PADDING = ' '.repeat(PAGE_BYTES);

/** An event must fit a page, with what stands around it. */
export const MOST_EVENT_BYTES = PAGE_BYTES - BEGIN.length - SEPARATOR.length;

export class TraceFile {
  readonly #fd: number;
  /** Used again and again: fresh memory costs more than the writing. */
  readonly #bytes = Buffer.allocUnsafeSlow(BUFFER_BYTES + 2 * PAGE_BYTES);
  #text = '';
  /** Bytes until the next border of a page of the file. */
  #room = PAGE_BYTES;
  #isFirst = true;
  #isOpen = true;
  #error: unknown;

  /** Creates the file, or empties it. @throws the error of the file system */
  constructor(file: string | URL) {
    this.#fd = openSync(file, 'w');
    this.#append(BEGIN);
    this.flush();
  }

  /** The error of the file system by which the file ended early. */
  get error(): unknown {
    return this.#error;
  }

  /** Whether it takes events. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** @param event JSON of at most `MOST_EVENT_BYTES` characters, all of them ASCII */
  add(event: string): void {
    const bytes = event.length + SEPARATOR.length;
    if (bytes > this.#room) this.#append(PADDING.slice(0, this.#room));
    // Before the event, not after it: an array may lack its end, but a comma must not stand before the end.
    this.#append((this.#isFirst ? '' : SEPARATOR) + event);
    this.#isFirst = false;
    if (this.#text.length >= BUFFER_BYTES) this.flush();
  }

  /** Writes what has been collected. */
  flush(): void {
    if (this.#text === '' || !this.#isOpen) return;
    const length = this.#bytes.write(this.#text, 'latin1');
    this.#text = '';
    try {
      for (let at = 0; at < length; ) at += writeSync(this.#fd, this.#bytes, at, length - at);
    } catch (error) {
      this.#error = error;
      this.#close();
    }
  }

  /** Writes the end. */
  close(): void {
    if (!this.#isOpen) return;
    this.#append('\n]\n');
    this.flush();
    if (this.#isOpen) this.#close();
  }

  #close(): void {
    this.#isOpen = false;
    this.#text = '';
    closeSync(this.#fd);
  }

  #append(text: string): void {
    this.#text += text;
    this.#room = (this.#room - text.length) & (PAGE_BYTES - 1) || PAGE_BYTES;
  }
}
