/**
 * The text of a setup in shared memory. A thread is told of shared memory once, and of a text that does not fit a slot
 * with each chunk.
 */

export function inSharedMemory(text: string): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(Buffer.byteLength(text));
  Buffer.from(shared).write(text);
  return shared;
}

export function textIn(shared: SharedArrayBuffer): string {
  return Buffer.from(shared).toString();
}
