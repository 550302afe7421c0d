import { write } from 'node:fs';
import { promisify } from 'node:util';
import { type ByteString, toBytes } from '../files/bytes.js';

const writeBytes = promisify(write);

/** Enough for one write. */
const CHUNK = 64 * 1024;

/** What may wait to be written before the source of it has to wait as well. */
const LIMIT = 1024 * 1024;

/** How long a little output may wait for more, in ms. */
const DELAY = 20;

/**
 * Writes to a file descriptor, from libuv's threads: `process.stdout` blocks the main thread while a pipe is full, and
 * then Ctrl-C would have no effect.
 */
export class Writer {
  readonly #file: number;
  readonly #before: (() => void) | undefined;
  #waiting: ByteString[] = [];
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #failure: { error: unknown } | undefined;

  /** `before` is called ahead of each write; each is of whole texts as they were given to `write`. */
  constructor(file: number, before?: () => void) {
    this.#file = file;
    this.#before = before;
  }

  /** A promise where the caller should wait for room. Throws what an earlier write failed with. */
  write(text: ByteString): Promise<void> | undefined {
    if (this.#failure) throw this.#failure.error;
    this.#waiting.push(text);
    this.#size += text.length;
    if (this.#size >= CHUNK) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), DELAY);
    return this.#size >= LIMIT ? this.flush() : undefined;
  }

  /** Resolves when all is written; rejects with what a write failed with. */
  async flush(): Promise<void> {
    this.#start();
    while (this.#writing) await this.#writing;
    if (this.#failure) throw this.#failure.error;
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing ??= this.#run().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Never rejects: the failure is for whoever writes or flushes next. */
  async #run(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const bytes = toBytes(this.#waiting.join(''));
        this.#waiting = [];
        this.#size = 0;
        this.#before?.();
        await writeAll(this.#file, bytes);
      }
    } catch (error) {
      this.#failure = { error };
    }
  }
}

async function writeAll(file: number, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += (await writeBytes(file, bytes, at)).bytesWritten;
    } catch (error) {
      // Whoever shares the pipe has set it to non-blocking; there is no event for a bare descriptor.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
