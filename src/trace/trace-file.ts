/**
 * A file of Chrome trace events, in the "JSON array format" of Google's "Trace Event Format", one event a
 * line. Its readers (Perfetto, chrome://tracing) take an array that has no end, so the file is whole after
 * each write.
 *
 * A process that is killed in the middle of a write leaves whole pages of that write. So no event lies across
 * the border of two pages of the file: spaces fill what is left of a page.
 */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';

const PAGE_BYTES = 4096;
/** Text that is collected before it is written. */
const BUFFER_BYTES = 16 * PAGE_BYTES;
const BEGIN = '[\n';
const SEPARATOR = ',\n';
const PADDING = ' '.repeat(PAGE_BYTES);

/** An event must fit a page, with what stands around it. */
export const MOST_EVENT_BYTES = PAGE_BYTES - BEGIN.length - SEPARATOR.length;

/** Files that traces of this thread write, by device and inode: a path may have several names. */
const written = new Set<string>();

export class TraceFile {
  readonly #fd: number;
  readonly #identity: string | undefined;
  /** Used again and again: fresh memory costs more than the writing. */
  readonly #bytes = Buffer.allocUnsafeSlow(BUFFER_BYTES + 2 * PAGE_BYTES);
  #text = '';
  /** Bytes until the next border of a page of the file. */
  #room = PAGE_BYTES;
  #isFirst = true;
  #isOpen = true;
  #error: unknown;

  /** Creates the file, or empties it. @throws the error of the file system; Error another trace writes it */
  constructor(file: string | URL) {
    // Not emptied before it is known to be nobody's.
    this.#fd = openSync(file, constants.O_WRONLY | constants.O_CREAT);
    try {
      this.#identity = claim(this.#fd);
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
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
    if (this.#identity !== undefined) written.delete(this.#identity);
    closeSync(this.#fd);
  }

  #append(text: string): void {
    this.#text += text;
    this.#room = (this.#room - text.length) & (PAGE_BYTES - 1) || PAGE_BYTES;
  }
}

/**
 * Notes that the file is written, and empties it. @returns its identity; `undefined`: it is a device or a
 * pipe
 */
function claim(fd: number): string | undefined {
  const stats = fstatSync(fd, { bigint: true });
  if (!stats.isFile()) return undefined;
  const identity = `${stats.dev}:${stats.ino}`;
  if (written.has(identity)) throw new Error('another trace writes it: give each a file of its own');
  ftruncateSync(fd);
  written.add(identity);
  return identity;
}
