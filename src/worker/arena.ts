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
import { ARENA, type ByteStore } from '../values/shared-views.js';
import { keepMemoryWarm } from '../values/warm-memory.js';
import { ARENA_BYTES } from './arena-memory.js';
import type { InFlight } from './in-flight.js';
import type { MemoryPool } from './memory-pool.js';

/** The largest value, in bytes. Measured: for larger ones the second copy costs as much as a message. */
const MOST_BYTES = 64 * 2 ** 10;

export class Arena implements ByteStore {
  readonly #send: (message: ToWorker) => void;
  readonly #inFlight: InFlight;
  readonly #source: MemoryPool;
  /** `undefined` until it is first needed. */
  #memory: Uint8Array | undefined;
  /** Offsets of the next bytes, and of the first ones of this request; they count on through the wrap. */
  #head = 0;
  #start = 0;

  constructor(send: (message: ToWorker) => void, inFlight: InFlight, source: MemoryPool) {
    this.#send = send;
    this.#inFlight = inFlight;
    this.#source = source;
  }

  /** The thread has ended. */
  close(): void {
    if (this.#memory !== undefined) this.#source.giveBack(this.#memory.buffer as SharedArrayBuffer);
    this.#memory = undefined;
  }

  /** A request is to be staged, or is sent by message after all. O(1). */
  begin(): void {
    if (this.#memory === undefined) return;
    this.#head = this.#start = this.#inFlight.claimArenaFrom();
  }

  /** Where the bytes of the request that is being staged end. */
  get end(): number {
    return this.#head;
  }

  /** Bytes that the request that is being staged takes. */
  get bytes(): number {
    return this.#head - this.#start;
  }

  put(bytes: Uint8Array, length: number): number {
    if (length > MOST_BYTES) return -1;
    const memory = this.#memory ?? this.#make();
    let at = this.#head % ARENA_BYTES;
    let head = this.#head + length;
    if (at + length > ARENA_BYTES) {
      head += ARENA_BYTES - at;
      at = 0;
    }
    if (head - this.#inFlight.freeTo > ARENA_BYTES) return -1;
    // The thread copies them into memory of its own.
    keepMemoryWarm(length);
    memory.set(bytes, at);
    this.#head = head;
    return at;
  }

  #make(): Uint8Array {
    const buffer = this.#source.take();
    this.#send({ type: 'share', number: ARENA, buffer });
    this.#memory = new Uint8Array(buffer);
    return this.#memory;
  }
}
