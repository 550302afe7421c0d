/**
 * The true facts of a view or buffer, read through the language's own getters: an instance or a subclass may
 * hide them. Used by both sides.
 */

function getter<R>(prototype: object, name: PropertyKey): (this: unknown) => R {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get as (this: unknown) => R;
}

const typed: object = Object.getPrototypeOf(Uint8Array.prototype);
const data = DataView.prototype;

const arrayType = getter<string | undefined>(typed, Symbol.toStringTag);
const typedBuffer = getter<ArrayBufferLike>(typed, 'buffer');
const typedOffset = getter<number>(typed, 'byteOffset');
const typedBytes = getter<number>(typed, 'byteLength');
const typedLength = getter<number>(typed, 'length');
const dataBuffer = getter<ArrayBufferLike>(data, 'buffer');
const dataOffset = getter<number>(data, 'byteOffset');
const dataBytes = getter<number>(data, 'byteLength');
const bytes = getter<number>(ArrayBuffer.prototype, 'byteLength');
const resizable = getter<boolean>(ArrayBuffer.prototype, 'resizable');
const growable = getter<boolean>(SharedArrayBuffer.prototype, 'growable');

/** The class of a typed array, as in `Uint8Array`; `undefined` for anything else, such as a DataView. */
export function arrayTypeOf(value: object): string | undefined {
  return arrayType.call(value);
}

/** @throws TypeError it is no view */
export function bufferOf(view: object): ArrayBufferLike {
  return arrayTypeOf(view) === undefined ? dataBuffer.call(view) : typedBuffer.call(view);
}

export function offsetOf(view: object): number {
  return arrayTypeOf(view) === undefined ? dataOffset.call(view) : typedOffset.call(view);
}

export function bytesOf(view: object): number {
  return arrayTypeOf(view) === undefined ? dataBytes.call(view) : typedBytes.call(view);
}

/** Elements of a typed array, bytes of a DataView. */
export function lengthOf(view: object): number {
  return arrayTypeOf(view) === undefined ? dataBytes.call(view) : typedLength.call(view);
}

/** Bytes of a buffer that is not shared. */
export function bytesIn(buffer: ArrayBuffer): number {
  return bytes.call(buffer);
}

export function isResizable(buffer: ArrayBuffer): boolean {
  return resizable.call(buffer);
}

export function isGrowable(buffer: SharedArrayBuffer): boolean {
  return growable.call(buffer);
}
