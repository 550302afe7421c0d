/**
 * Memory shared with one thread, beside its window: bytes that do not fit a slot are copied into it here, and out of it there.
 *
 * Measured (Node 20), both copies together against a message with the bytes: 16 KB 4 µs against 10, 64 KB 10 µs against 20 to 35.
 * Structured clone puts them into fresh memory, of which each page has to be made first, and does so on the main thread.
 *
 * Requests leave a window at its front, in order, or at its back. So the arena is a ring, and it is enough that the ledger knows where the
 * bytes of each request end: what lies before those of the first one is free, and so is what lies behind those of the last.
 */

import type { ToWorker } from '../protocol/messages.js';
import { ARENA, type ByteStore } from '../values/shared-views.js';
import type { InFlight } from './in-flight.js';

/** Memory of an arena. Its pages are taken from the system as they are first used. */
const ARENA_BYTES = 4 * 2 ** 20;
/** The largest value. Of larger ones the second copy costs as much as a message, which brings its memory along; measured in the library. */
const MOST_BYTES = 64 * 2 ** 10;

/**
 * Memory of threads that have ended, for the next ones: allocated anew for each, it would be taken from where the C library gives
 * nothing back to the system.
 */
export class ArenaMemory {
  readonly #free: SharedArrayBuffer[] = [];

  take(): SharedArrayBuffer {
    return this.#free.pop() ?? new SharedArrayBuffer(ARENA_BYTES);
  }

  /** Nobody reads or writes it any more. */
  giveBack(memory: SharedArrayBuffer): void {
    this.#free.push(memory);
  }
}

export class Arena implements ByteStore {
  readonly #send: (message: ToWorker) => void;
  readonly #inFlight: InFlight;
  readonly #source: ArenaMemory;
  /** Made when first needed. */
  #memory: Uint8Array | undefined;
  /** Where the next bytes go, and where those of this request began: counted on through the wrap. */
  #head = 0;
  #start = 0;

  constructor(send: (message: ToWorker) => void, ledger: InFlight, source: ArenaMemory) {
    this.#send = send;
    this.#inFlight = ledger;
    this.#source = source;
  }

  /** The thread is no more. */
  close(): void {
    if (this.#memory !== undefined) this.#source.giveBack(this.#memory.buffer as SharedArrayBuffer);
    this.#memory = undefined;
  }

  /** A request is to be staged; or it is sent by message after all. O(1). */
  begin(): void {
    if (this.#memory === undefined) return;
    this.#head = this.#start = this.#inFlight.takenTo();
  }

  /** Where the bytes of the request end that is being staged. */
  get end(): number {
    return this.#head;
  }

  /** Bytes that the request takes that is being staged. */
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
