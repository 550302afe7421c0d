/** What a view truly is: its own properties of these names, and what a subclass says, are not believed. Used by both sides. */

function getter<R>(prototype: object, name: PropertyKey): (this: unknown) => R {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get as (this: unknown) => R;
}

const typed: object = Object.getPrototypeOf(Uint8Array.prototype);
const data = DataView.prototype;

const kind = getter<string | undefined>(typed, Symbol.toStringTag);
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

/** The class of a typed array, as in `Uint8Array`; `undefined`: it is none, as a DataView. */
export function kindOf(value: object): string | undefined {
  return kind.call(value);
}

/** @throws TypeError where it is no view */
export function bufferOf(view: object): ArrayBufferLike {
  return kindOf(view) === undefined ? dataBuffer.call(view) : typedBuffer.call(view);
}

export function offsetOf(view: object): number {
  return kindOf(view) === undefined ? dataOffset.call(view) : typedOffset.call(view);
}

export function bytesOf(view: object): number {
  return kindOf(view) === undefined ? dataBytes.call(view) : typedBytes.call(view);
}

/** Elements; of a DataView bytes. */
export function lengthOf(view: object): number {
  return kindOf(view) === undefined ? dataBytes.call(view) : typedLength.call(view);
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
