/**
 * The layout of a window's shared memory: the control words, the request slots, the completion slots. What the two sides do with it, and in
 * which order, is in `window.ts`. Used by both sides.
 */

/** Words (of 32 bits) in one slot: 256 bytes, of which 16 are its header. */
export const SLOT_WORDS = 64;
const HEADER_WORDS = 4;

/** Payload that fits a slot, in bytes. */
export const PAYLOAD_BYTES = (SLOT_WORDS - HEADER_WORDS) * 4;

/** Each control word has a cache line of its own: the two sides write to different ones. */
export const WINDOW = 0;
export const COMPLETED = 16;
export const WORKER_STATE = 32;
export const CANCELLED = 48;
export const CONTROL_WORDS = 64;
/** Written by the worker alone, on one line: what it runs, since when, and a count that shows that it lives. */
export const RUNNING = COMPLETED + 1;
export const BEATS = COMPLETED + 2;
export const HEAP = COMPLETED + 3;
/** Index into the float64 view: words COMPLETED + 4 and + 5. */
export const STARTED_AT = (COMPLETED + 4) / 2;
/** Set when the thread takes no more messages. */
export const ENDING = COMPLETED + 6;
/** The number of the arguments message that it is reading, and of the last one that it has read; equal while it reads none. */
export const READING = COMPLETED + 7;
export const READ = COMPLETED + 8;
/** Written by the main thread alone: it is sending something that exists once only. */
export const GIVING = CANCELLED + 1;

/** Memory of a window with room for `capacity` requests, in bytes. */
export function windowBytes(capacity: number): number {
  return (CONTROL_WORDS + 2 * capacity * SLOT_WORDS) * 4;
}

/** Buffer's own readers of text: documented nowhere, present in every Node, and half the time of `toString`. */
interface TextReader {
  latin1Slice(from: number, to: number): string;
  ucs2Slice(from: number, to: number): string;
}

/** Views of the shared memory by type. Payload coders index them directly. */
export class Memory {
  readonly i32: Int32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly bytes: Buffer;
  readonly text: TextReader;
  constructor(shared: SharedArrayBuffer) {
    this.i32 = new Int32Array(shared);
    this.f32 = new Float32Array(shared);
    this.f64 = new Float64Array(shared);
    this.u8 = new Uint8Array(shared);
    this.u16 = new Uint16Array(shared);
    this.bytes = Buffer.from(shared);
    this.text = this.bytes as unknown as TextReader;
  }
}
