/**
 * Memory shared with one thread, beside its window: bytes that do not fit a slot are copied into it here, and
 * out of it there.
 *
 * Measured (Node 20), both copies together against a message with the bytes: 16 KB 4 µs against 10, 64 KB 10
 * µs against 20 to 35. Structured clone puts them into fresh memory, whose pages have to be made first, on
 * the main thread.
 *
 * Requests leave a window at its front, in order, or at its back. So the arena is a ring, and `InFlight` need
 * only know where the bytes of each request end: memory before those of the first request and behind those of
 * the last is free.
 */

import type { ToWorker } from '../protocol/messages.js';
import { ByteRing } from '../values/byte-ring.js';
import { ARENA, type ByteStore } from '../values/shared-views.js';
import { ARENA_BYTES } from './arena-memory.js';
import type { InFlight } from './in-flight.js';
import type { MemoryPool } from './memory-pool.js';

/**
 * The largest value, in bytes: four of them fill the arena. Measured (Node 20, 2 workers, sha256), processor time
 * of a request against one whose bytes are copied and transferred: 0.7 with 96 and 128 KiB, 0.79 with 256, 0.86
 * with 1 MiB.
 */
const MOST_BYTES = 2 ** 20;

export class Arena implements ByteStore {
  readonly most = MOST_BYTES;
  readonly #send: (message: ToWorker) => void;
  readonly #inFlight: InFlight;
  readonly #source: MemoryPool;
  /** `undefined` until it is first needed. */
  #buffer: SharedArrayBuffer | undefined;
  #ring: ByteRing | undefined;
  /** Where the bytes of this request begin. */
  #start = 0;

  constructor(send: (message: ToWorker) => void, inFlight: InFlight, source: MemoryPool) {
    this.#send = send;
    this.#inFlight = inFlight;
    this.#source = source;
  }

  /** The thread has ended. */
  close(): void {
    if (this.#buffer !== undefined) this.#source.giveBack(this.#buffer);
    this.#buffer = undefined;
    this.#ring = undefined;
  }

  /** A request is to be staged, or is sent by message after all. O(1). */
  begin(): void {
    if (this.#ring !== undefined) this.#ring.head = this.#start = this.#inFlight.claimArenaFrom();
  }

  /** Where the bytes of the request that is being staged end. */
  get end(): number {
    return this.#ring === undefined ? 0 : this.#ring.head;
  }

  /** Bytes that the request that is being staged takes. */
  get bytes(): number {
    return this.end - this.#start;
  }

  put(bytes: Uint8Array, length: number): number {
    return this.#free().put(bytes, length);
  }

  putText(text: string, length: number, isWide: boolean): number {
    return this.#free().putText(text, length, isWide);
  }

  #free(): ByteRing {
    const ring = this.#ring ?? this.#make();
    ring.freeTo = this.#inFlight.freeTo;
    return ring;
  }

  #make(): ByteRing {
    this.#buffer = this.#source.take();
    this.#send({ type: 'share', number: ARENA, buffer: this.#buffer });
    this.#ring = new ByteRing(this.#buffer, ARENA_BYTES, MOST_BYTES);
    return this.#ring;
  }
}
