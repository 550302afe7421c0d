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
/** What is collected before it is written. */
const BUFFER_BYTES = 16 * PAGE_BYTES;
const BEGIN = '[\n';
const SEPARATOR = ',\n';
const END = '\n]\n';
const COMMA = 44;
const NEW_LINE = 10;
const SPACE = 32;

/** An event must fit a page, with what stands around it. */
export const MOST_EVENT_BYTES = PAGE_BYTES - BEGIN.length - SEPARATOR.length;

/** Files that traces of this thread write, by device and inode: a path may have several names. */
const written = new Set<string>();

export class TraceFile {
  readonly #fd: number;
  readonly #identity: string | undefined;
  /**
   * Events are written here: first `next`, then `end`. Borders of its pages are those of the file's, so what
   * is not written begins anywhere in the first one.
   */
  readonly bytes: Buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES + 2 * PAGE_BYTES);
  #begin = 0;
  #end = 0;
  #isFirst = true;
  #isOpen = true;
  #error: unknown;
  /** Called when the file ends early. */
  onError: ((error: unknown) => void) | undefined;

  /**
   * Creates the file, or empties it.
   * @param onError see there
   * @throws the error of the file system; Error another trace writes it
   */
  constructor(file: string | URL, onError?: (error: unknown) => void) {
    this.onError = onError;
    this.#fd = open(file);
    try {
      this.#identity = claim(this.#fd);
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
    this.#end = this.bytes.write(BEGIN, 'latin1');
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
    const at = this.next();
    this.end(at + this.bytes.write(event, at, 'latin1'));
  }

  /** @returns where the next event is to be written in `bytes`: `MOST_EVENT_BYTES` bytes at most */
  next(): number {
    // Before the event, not after it: an array may lack its end, but a comma must not stand before the end.
    const at = this.#end;
    if (this.#isFirst) return at;
    this.bytes[at] = COMMA;
    this.bytes[at + 1] = NEW_LINE;
    return at + SEPARATOR.length;
  }

  /** The event ends there. */
  end(at: number): void {
    if (!this.#isOpen) return;
    const begin = this.#end;
    const border = (begin | (PAGE_BYTES - 1)) + 1;
    this.#isFirst = false;
    this.#end = at <= border ? at : this.#moveTo(border, begin, at);
    if (this.#end >= BUFFER_BYTES) this.flush();
  }

  /** Writes what has been collected. */
  flush(): void {
    if (this.#begin === this.#end || !this.#isOpen) return;
    try {
      while (this.#begin < this.#end)
        this.#begin += writeSync(this.#fd, this.bytes, this.#begin, this.#end - this.#begin);
      this.#begin = this.#end = this.#end & (PAGE_BYTES - 1);
    } catch (error) {
      this.#error = error;
      this.#close();
      this.onError?.(error);
    }
  }

  /** Writes the end. */
  close(): void {
    if (!this.#isOpen) return;
    this.#end += this.bytes.write(END, this.#end, 'latin1');
    this.flush();
    if (this.#isOpen) this.#close();
  }

  #close(): void {
    this.#isOpen = false;
    if (this.#identity !== undefined) written.delete(this.#identity);
    closeSync(this.#fd);
  }

  /** The event begins at the border. @returns where it ends */
  #moveTo(border: number, begin: number, end: number): number {
    this.bytes.copyWithin(border, begin, end);
    this.bytes.fill(SPACE, begin, border);
    return border + end - begin;
  }
}

/** Not emptied before it is known to be nobody's. @throws Error it is a pipe that nobody reads */
function open(file: string | URL): number {
  const flags = constants.O_WRONLY | constants.O_CREAT;
  let fd: number;
  try {
    // To open a pipe would otherwise block this thread until somebody reads it.
    fd = openSync(file, flags | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error;
    throw new Error('it is a pipe that nobody reads', { cause: error });
  }
  if (!fstatSync(fd).isFIFO()) return fd;
  // Writes wait for the reader.
  try {
    return openSync(file, flags);
  } finally {
    closeSync(fd);
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
