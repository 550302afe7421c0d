/** Writes to a file descriptor in order, asynchronously: a full pipe does not block the main thread. */

import { writev } from 'node:fs';
import { setTimeout } from '../../protocol/timers.js';
import { BatchFileError } from '../errors.js';

/** Buffers in one system call; Linux takes 1,024. */
const MOST_BUFFERS = 256;

/** Pause before the next attempt at a full non-blocking pipe, in ms. */
const RETRY_MS = 5;

/** What a batch writes to. */
export interface Writer {
  /** Bytes not yet written. */
  readonly waitingBytes: number;
  /** Bytes written since this writer was created. */
  readonly written: number;
  /** Throws the error of a failed write. */
  check(): void;
  write(bytes: Buffer): void;
  /** Resolves when everything is written; rejects with the error of a failed write. */
  flush(): Promise<void>;
}

export class ByteWriter implements Writer {
  readonly #file: number;
  readonly #name: string;
  /** Position of the next byte; `undefined` for pipes and the like. */
  #position: number | undefined;
  #queue: Buffer[] = [];
  #waitingBytes = 0;
  #written = 0;
  #running: Promise<void> | undefined;
  #failure: { error: unknown } | undefined;
  readonly #changed: () => void;

  /** @param changed called after each write, and on failure */
  constructor(file: number, name: string, position: number | undefined, changed: () => void) {
    this.#file = file;
    this.#name = name;
    this.#position = position;
    this.#changed = changed;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  get written(): number {
    return this.#written;
  }

  check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  write(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#queue.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#running ??= this.#run();
  }

  async flush(): Promise<void> {
    await this.#running;
    this.check();
  }

  /** Resolves when nothing is being written any more, whether that failed or not. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // Buffers of the same turn are written together.
    await undefined;
    try {
      while (this.#queue.length > 0) {
        const buffers = this.#queue.splice(0, MOST_BUFFERS);
        await this.#writeAll(buffers);
        this.#changed();
      }
    } catch (error) {
      this.#failure = { error };
    }
    this.#running = undefined;
    if (this.#failure !== undefined) this.#changed();
  }

  async #writeAll(given: Buffer[]): Promise<void> {
    let buffers = given;
    while (buffers.length > 0) {
      const written = await this.writeSome(buffers);
      this.#written += written;
      this.#waitingBytes -= written;
      if (this.#position !== undefined) this.#position += written;
      buffers = without(buffers, written);
    }
  }

  /** Begins with the first buffer; there is one. @returns bytes written */
  protected writeSome(buffers: Buffer[]): Promise<number> {
    return new Promise((resolve, reject) => {
      writev(this.#file, buffers, this.#position ?? null, (error, written) => {
        if (error === null) resolve(written);
        else if (error.code === 'EAGAIN') setTimeout(() => resolve(0), RETRY_MS);
        else reject(this.failureOf(error));
      });
    });
  }

  /** EPIPE stays a plain system error: a closed pipe is normal, and the command exits silently. */
  protected failureOf(error: NodeJS.ErrnoException): Error {
    return error.code === 'EPIPE' ? error : new BatchFileError(this.#name, error);
  }
}

function without(buffers: Buffer[], bytes: number): Buffer[] {
  let left = bytes;
  let index = 0;
  while (index < buffers.length && left >= (buffers[index] as Buffer).length) {
    left -= (buffers[index] as Buffer).length;
    index++;
  }
  const rest = buffers.slice(index);
  if (left > 0) rest[0] = (rest[0] as Buffer).subarray(left);
  return rest;
}
