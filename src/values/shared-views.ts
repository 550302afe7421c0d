/**
 * Views of shared memory, and such memory itself, as a slot carries them: what kind of view, of which buffer, from where, how long. Used by both sides. Nothing of the memory is copied either way.
 *
 * Only plain classes, and only buffers that keep their length: structured clone, in a message, knows what to do with the others.
 */
import { types } from 'node:util';
import type { Memory } from '../protocol/layout.js';
import { bufferOf, isGrowable, kindOf, lengthOf, offsetOf } from './intrinsics.js';

/** Taken by one value: kind and number in 4 bytes each, offset and length in 8. */
export const SHARED_BYTES = 24;

/** Gives shared buffers the numbers under which a thread knows them. */
export interface Numbering {
  /** @returns the number, or 0: it has none, and is to go by message */
  numberOf(buffer: SharedArrayBuffer): number;
}

/** Takes copies of bytes for a thread. */
export interface ByteStore {
  /** @returns where they are, in bytes; -1: they are to go by message */
  put(bytes: Uint8Array, length: number): number;
}

/** What values in a slot may refer to. */
export interface Stores {
  readonly shares: Numbering;
  readonly arena: ByteStore;
}

/** Number of the thread's arena, which no buffer of the program has. */
export const ARENA = 0;

/**
 * Gives the buffer of a number.
 * @throws where there is none
 */
export type SharedBufferOf = (number: number) => SharedArrayBuffer;

type ViewClass = new (buffer: SharedArrayBuffer, offset: number, length: number) => ArrayBufferView;

const THE_BUFFER = 0;
const A_BUFFER = 1;
/** A view's number is its place here; the first three are made in their own ways. */
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
/** What each truly is: a Buffer is a Uint8Array, a DataView no typed array. */
const names = classes.map((each) => {
  if (each === DataView) return undefined;
  return each === Buffer ? 'Uint8Array' : (each as ViewClass).name;
});
const kinds = new Map<unknown, number>(classes.map(({ prototype }, kind) => [prototype, kind]));

/**
 * Writes a view of shared memory, or such memory itself.
 * @param at where, in bytes: a multiple of 8
 * @returns false: it is neither, or not one for a slot
 */
export function writeShared(memory: Memory, at: number, value: object, numbering: Numbering): boolean {
  const kind = kinds.get(Object.getPrototypeOf(value));
  if (kind === undefined) return false;
  let buffer: unknown = value;
  let offset = 0;
  let length = 0;
  if (kind !== THE_BUFFER) {
    // A prototype can be replaced; what the view is cannot.
    if (kindOf(value) !== names[kind]) return false;
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

/** Reads what `writeShared` wrote: something else, but of the same memory. */
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
