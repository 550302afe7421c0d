/** Structured clone makes Uint8Arrays of Buffers: a message says where there were any, and its receiver undoes that. Used by both sides. */

/** @returns the positions of the Buffers among the values; `undefined`: there is none */
export function buffersIn(values: readonly unknown[]): number[] | undefined {
  let found: number[] | undefined;
  for (let i = 0; i < values.length; i++) {
    if (Buffer.isBuffer(values[i])) {
      found ??= [];
      found.push(i);
    }
  }
  return found;
}

/** Makes Buffers again of the values at these positions, in place. */
export function restoreBuffers(values: unknown[], positions: readonly number[] | undefined): void {
  for (const i of positions ?? []) values[i] = asBuffer(values[i] as Uint8Array);
}

/** The same bytes, as a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
