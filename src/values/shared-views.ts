/**
 * Shared memory and views of it, as a slot carries them: class, buffer, offset and length, without a copy.
 * Used by both sides.
 *
 * Only the language's own classes, and only buffers of fixed length. The others go by message.
 */
import { types } from 'node:util';
import type { Memory } from '../protocol/layout.js';
import { arrayTypeOf, bufferOf, isGrowable, lengthOf, offsetOf } from './intrinsics.js';

/** Bytes of one value in a slot: class and buffer number in 4 bytes each, offset and length in 8 each. */
export const SHARED_BYTES = 24;

/** The numbers under which a thread knows shared buffers. */
export interface Numbering {
  /** @returns the number; 0: none, the buffer must go by message */
  numberOf(buffer: SharedArrayBuffer): number;
}

/** Memory that a thread reads, for copies of bytes. */
export interface ByteStore {
  /** Bytes of the largest value. */
  readonly most: number;
  /** @returns the offset of the copy, in bytes; -1: no room, the bytes must go by message */
  put(bytes: Uint8Array, length: number): number;
  /**
   * The same for a string.
   * @param length in bytes
   * @param isWide it takes two bytes for each character
   */
  putText(text: string, length: number, isWide: boolean): number;
}

/** Memory outside of the slot that values in it may refer to. */
export interface Stores {
  readonly shares: Numbering;
  readonly arena: ByteStore;
}

/**
 * The largest result in the memory for results, in bytes. Measured (2 workers, requests a second, against a
 * message for each): 1 KB 2.2 times as many, 4 KB 1.8, 16 KB and more as many.
 */
export const MOST_RESULT_BYTES = 16 * 2 ** 10;

/** Number of the thread's arena. No other buffer has it. */
export const ARENA = 0;

/**
 * Gives the buffer of a number.
 * @throws NotCloneableError there is none
 */
export type SharedBufferOf = (number: number) => SharedArrayBuffer;

type ViewClass = new (buffer: SharedArrayBuffer, offset: number, length: number) => ArrayBufferView;

const THE_BUFFER = 0;
const A_BUFFER = 1;
/** A class is written as its index here. The first three are constructed in their own ways. */
const classes: readonly { readonly prototype: object }[] = [
  SharedArrayBuffer,
  Buffer,
  DataView,
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
];
/** The `arrayTypeOf` each must have: a Buffer is a Uint8Array, a DataView no typed array. */
const names = classes.map((each) => {
  if (each === DataView) return undefined;
  return each === Buffer ? 'Uint8Array' : (each as ViewClass).name;
});
const kinds = new Map<unknown, number>(classes.map(({ prototype }, kind) => [prototype, kind]));

/**
 * Writes a SharedArrayBuffer or a view of one.
 * @param at offset in bytes, a multiple of 8
 * @returns false: the value is neither, or not fit for a slot
 */
export function writeShared(memory: Memory, at: number, value: object, numbering: Numbering): boolean {
  const kind = kinds.get(Object.getPrototypeOf(value));
  if (kind === undefined) return false;
  let buffer: unknown = value;
  let offset = 0;
  let length = 0;
  if (kind !== THE_BUFFER) {
    // A prototype can be replaced, the view's own type cannot.
    if (arrayTypeOf(value) !== names[kind]) return false;
    buffer = bufferOf(value);
    offset = offsetOf(value);
    length = lengthOf(value);
  }
  if (!isOrdinary(buffer)) return false;
  const number = numbering.numberOf(buffer);
  if (number === 0) return false;
  memory.i32[at >> 2] = kind;
  memory.i32[(at >> 2) + 1] = number;
  memory.f64[(at >> 3) + 1] = offset;
  memory.f64[(at >> 3) + 2] = length;
  return true;
}

/** Reads what `writeShared` wrote. */
export function readShared(memory: Memory, at: number, bufferOf: SharedBufferOf): object {
  const kind = memory.i32[at >> 2] as number;
  const buffer = bufferOf(memory.i32[(at >> 2) + 1] as number);
  if (kind === THE_BUFFER) return buffer;
  const offset = memory.f64[(at >> 3) + 1] as number;
  const length = memory.f64[(at >> 3) + 2] as number;
  if (kind === A_BUFFER) return Buffer.from(buffer, offset, length);
  const View = classes[kind] as unknown as ViewClass;
  return new View(buffer, offset, length);
}

function isOrdinary(buffer: unknown): buffer is SharedArrayBuffer {
  return (
    types.isSharedArrayBuffer(buffer) &&
    Object.getPrototypeOf(buffer) === SharedArrayBuffer.prototype &&
    !isGrowable(buffer)
  );
}
