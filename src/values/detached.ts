/**
 * Whether a buffer has been transferred away. (`ArrayBuffer.prototype.detached` came with Node 21.) Used by
 * both sides.
 */
export function isDetached(buffer: ArrayBuffer): boolean {
  if (buffer.byteLength > 0) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}
