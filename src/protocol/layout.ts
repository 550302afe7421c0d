/**
 * The layout of a window's shared memory: control words, request slots, completion slots. `window.ts` has the
 * protocol. Used by both sides.
 */

/** Words (of 32 bits) in one slot: 256 bytes, of which 16 are its header. */
export const SLOT_WORDS = 64;
const HEADER_WORDS = 4;

/** Payload that fits a slot, in bytes. */
export const PAYLOAD_BYTES = (SLOT_WORDS - HEADER_WORDS) * 4;

/** Control words that different sides write to are on different cache lines. */
export const WINDOW = 0;
export const COMPLETED = 16;
export const WORKER_STATE = 32;
export const CANCELLED = 48;
export const CONTROL_WORDS = 64;
/** Written by the worker alone, on one line: see `thread-status.ts`. */
export const RUNNING = COMPLETED + 1;
export const BEATS = COMPLETED + 2;
export const HEAP = COMPLETED + 3;
/** Index into the float64 view: words COMPLETED + 4 and + 5. */
export const STARTED_AT = (COMPLETED + 4) / 2;
/** Written by the worker: it takes no more messages. See `handover.ts`. */
export const ENDING = COMPLETED + 6;
/**
 * Numbers of the arguments message that the worker is reading, and of the last one that it has read; equal
 * between them.
 */
export const READING = COMPLETED + 7;
export const READ = COMPLETED + 8;
/** Written by the worker: the count of received messages that it waits for. See `flow-control.ts`. */
export const AWAITED = COMPLETED + 9;
/** Written by the worker: the item of a chunk that it runs, counted from 1; 0 while it runs none. */
export const ITEM = COMPLETED + 10;
/**
 * Written by the worker: the id of the request whose function it is loading, or 0. The main thread negates
 * it: the request must not start.
 */
export const LOADING = COMPLETED + 11;
/** Written by the worker, an index into the float64 view: when the chunk that it runs has started. */
export const CHUNK_STARTED_AT = (COMPLETED + 12) / 2;
/** Written by the main thread: how many messages it has received. */
export const RECEIVED = CANCELLED + 2;
/** Written by the main thread: it is just sending a transferred value. See `handover.ts`. */
export const GIVING = CANCELLED + 1;
/** Written by the main thread: counts up while it lives and cannot receive yet. See `flow-control.ts`. */
export const ALIVE = CANCELLED + 4;
/** Written by the main thread: the id of the chunk of which no further item is to be started. */
export const STOPPED = CANCELLED + 3;

/**
 * Index into the float64 view, behind all slots: for each completion slot, when its run has started; see
 * `slot-times.ts`.
 */
export function runStarts(capacity: number): number {
  return (CONTROL_WORDS + 2 * capacity * SLOT_WORDS) / 2;
}

/** The same, behind the starts: for each request slot, until when it must have started; see `slot-times.ts`. */
export function deadlines(capacity: number): number {
  return runStarts(capacity) + capacity;
}

/** The same, behind the deadlines: for each request slot, when it was submitted; see `slot-times.ts`. */
export function submitTimes(capacity: number): number {
  return deadlines(capacity) + capacity;
}

/** Memory of a window with room for `capacity` requests, in bytes. */
export function windowBytes(capacity: number): number {
  return (submitTimes(capacity) + capacity) * 8;
}

/**
 * Empties a window, which may have been another's: M, before the worker sees the memory. What is in the slots
 * counts only once it is posted, or completed.
 * @param words the memory's 32-bit words
 */
export function beginAt(words: Int32Array, position: number): void {
  words.fill(0, 0, CONTROL_WORDS);
  Atomics.store(words, WINDOW, (position << 16) | position);
  Atomics.store(words, COMPLETED, position);
}

/** Buffer's own readers of text: undocumented, present in every Node, and twice as fast as `toString`. */
export interface TextReader {
  latin1Slice(from: number, to: number): string;
  ucs2Slice(from: number, to: number): string;
}

/** Views of the shared memory by type. Slots are read and written through them directly. */
export class Memory {
  i32!: Int32Array;
  f32!: Float32Array;
  f64!: Float64Array;
  u8!: Uint8Array;
  u16!: Uint16Array;
  bytes!: Buffer;
  text!: TextReader;

  constructor(shared: SharedArrayBuffer) {
    this.moveTo(shared);
  }

  /** From now on these are views of that memory. */
  moveTo(shared: SharedArrayBuffer): void {
    this.i32 = new Int32Array(shared);
    this.f32 = new Float32Array(shared);
    this.f64 = new Float64Array(shared);
    this.u8 = new Uint8Array(shared);
    this.u16 = new Uint16Array(shared);
    this.bytes = Buffer.from(shared);
    this.text = this.bytes as unknown as TextReader;
  }
}
