/**
 * Sends the output of tasks to the main thread through our own port.
 *
 * Node's own way waits for an acknowledgement after each chunk, which a computing thread cannot hear, and
 * loses what is not acknowledged when the thread dies. A message on our port survives its thread, and arrives
 * before the result of the request that printed.
 *
 * Each chunk is sent at once while the main thread keeps up. A message for each line costs 4 KB, so when the
 * main thread falls behind, the task waits for it; and when that is in vain, chunks are collected into large
 * ones.
 */
import { inNextTurn } from './loop/natives.js';

export type OutputName = 'stdout' | 'stderr';

/** What output needs of the thread. */
export interface OutputHost {
  /** @param id of the request that has printed it; 0: none was running */
  send(stream: OutputName, chunk: Uint8Array, id: number): void;
  /** Id of the request that runs; 0: none. */
  running(): number;
  /** Waits, for at most so long without a sign of life, while so many messages are unread. False: they are. */
  awaitRoom(most: number, ms: number): boolean;
}

/**
 * How many messages may be unread by the main thread, or not yet printed, before a task that prints waits for
 * it, and how long it waits without a sign of life. Then it goes on, since the main thread may itself be
 * waiting for the task.
 */
const MAX_UNREAD = 64;
const WAIT_MS = 1_000;

/** Bytes collected before they are sent, however far behind the main thread is. */
const CHUNK_BYTES = 64 * 2 ** 10;

/** Of larger chunks fewer may be unread: so many bytes in all, and always one chunk. */
const MAX_UNREAD_BYTES = 4 * 2 ** 20;

export class Output {
  readonly #host: OutputHost;
  #stream: OutputName = 'stdout';
  #id = 0;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #isScheduled = false;

  constructor(host: OutputHost) {
    this.#host = host;
  }

  /** Whether there is output that has not been sent. */
  get isPending(): boolean {
    return this.#bytes > 0;
  }

  /** Takes the output of `process.stdout` and `process.stderr`. */
  redirect(): void {
    for (const name of ['stdout', 'stderr'] as const) {
      const stream = process[name];
      stream._write = (chunk: Uint8Array | string, encoding, done) => {
        this.#write(name, copyOf(chunk, encoding));
        done();
      };
      stream._writev = undefined;
    }
  }

  /** Sends what has been collected. */
  flush(): void {
    if (this.#bytes === 0) return;
    const chunk = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#bytes = 0;
    this.#host.send(this.#stream, chunk as Uint8Array, this.#id);
  }

  #write(stream: OutputName, chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    const id = this.#host.running();
    if (stream !== this.#stream || id !== this.#id) this.flush();
    this.#stream = stream;
    this.#id = id;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const most = Math.max(1, Math.min(MAX_UNREAD, Math.floor(MAX_UNREAD_BYTES / this.#bytes)));
    if (this.#host.awaitRoom(most, WAIT_MS) || this.#bytes >= CHUNK_BYTES) this.flush();
    else this.#schedule();
  }

  /** An asynchronous task may wait for long before it prints again. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    inNextTurn(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }
}

/** Not a view of Node's shared pool of Buffers, all of which would be cloned. */
function copyOf(chunk: Uint8Array | string, encoding: BufferEncoding): Uint8Array {
  return new Uint8Array(typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk);
}
