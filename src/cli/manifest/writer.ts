import { write } from 'node:fs';
import { promisify } from 'node:util';
import { type ByteString, toBytes } from '../files/bytes.js';
import { asFileError } from '../files/file-error.js';

const writeBytes = promisify(write);

/** Bytes that are worth a write of their own. */
const CHUNK = 64 * 1024;

/** Bytes that may wait to be written; with more, `write` asks its caller to wait. */
const MAX_WAITING = 1024 * 1024;

/** How long less than a CHUNK waits for more output, in ms. */
const DELAY = 20;

/**
 * Writes to a file descriptor by libuv's threads. `process.stdout` would block the main thread while a pipe
 * is full, and Ctrl-C would have no effect.
 */
export class Writer {
  readonly #file: number;
  readonly #name: string;
  readonly #before: (() => void) | undefined;
  #waiting: ByteString[] = [];
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #failure: { error: unknown } | undefined;

  /** `before` is called before each write. A text given to `write` is never split between two writes. */
  constructor(file: number, name: string, before?: () => void) {
    this.#file = file;
    this.#name = name;
    this.#before = before;
  }

  /**
   * Returns a promise where the caller should wait before it writes more. Throws the error of an earlier
   * write.
   */
  write(text: ByteString): Promise<void> | undefined {
    if (this.#failure) throw this.#failure.error;
    this.#waiting.push(text);
    this.#size += text.length;
    if (this.#size >= CHUNK) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), DELAY);
    return this.#size >= MAX_WAITING ? this.flush() : undefined;
  }

  /** Resolves when all is written; rejects with the error of a write. */
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

  /** Never rejects: the next `write` or `flush` throws the error. */
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
      this.#failure = { error: asFileError(this.#name, error) };
    }
  }
}

async function writeAll(file: number, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += (await writeBytes(file, bytes, at)).bytesWritten;
    } catch (error) {
      // Another process that shares the pipe has made it non-blocking. A bare descriptor has no event for
      // that.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
