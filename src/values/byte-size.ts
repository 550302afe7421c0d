/** Estimates of how many bytes a value takes on its way to another thread. Used by both sides. */

import { NUMBER_BYTES } from '../protocol/tally.js';

/** Objects counted before the rest is extrapolated. */
const MAX_OBJECTS = 64;
const MAX_DEPTH = 8;
/** What an object takes beside its parts, and what a number takes, in bytes. */
export const OBJECT_BYTES = 16;
export { NUMBER_BYTES };

/**
 * Estimates how many bytes a value takes on its way to another thread.
 *
 * Exact for buffers and strings near the top, an extrapolation for deep or long values. Looks at no more than
 * some 64 objects, which takes a microsecond or two at most. Shared memory counts nothing.
 * @returns bytes
 */
export function byteSize(value: unknown): number {
  if (typeof value === 'string') return 2 * value.length;
  if (typeof value !== 'object' || value === null) return NUMBER_BYTES;
  try {
    return sizeOf(value, { left: MAX_OBJECTS }, 0);
  } catch {
    // A proxy whose traps throw.
    return OBJECT_BYTES;
  }
}

function sizeOf(value: unknown, budget: { left: number }, depth: number): number {
  if (typeof value === 'string') return 2 * value.length;
  if (typeof value !== 'object' || value === null) return NUMBER_BYTES;
  if (ArrayBuffer.isView(value)) {
    return value.buffer instanceof ArrayBuffer ? value.byteLength : OBJECT_BYTES;
  }
  if (value instanceof ArrayBuffer) return value.byteLength;
  if (budget.left-- <= 0 || depth > MAX_DEPTH) return OBJECT_BYTES;
  if (Array.isArray(value)) return sizeOfAll(value, value.length, budget, depth);
  if (value instanceof Map)
    return sizeOfAll(value.values(), value.size, budget, depth) + value.size * OBJECT_BYTES;
  if (value instanceof Set) return sizeOfAll(value, value.size, budget, depth);
  let bytes = OBJECT_BYTES;
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue;
    // A getter or a proxy's trap may throw; the clone that follows reports it.
    try {
      bytes += 2 * key.length + sizeOf((value as Record<string, unknown>)[key], budget, depth + 1);
    } catch {
      return bytes;
    }
  }
  return bytes;
}

function sizeOfAll(parts: Iterable<unknown>, count: number, budget: { left: number }, depth: number): number {
  let bytes = 0;
  let counted = 0;
  for (const part of parts) {
    if (budget.left-- <= 0) break;
    bytes += sizeOf(part, budget, depth + 1);
    counted++;
  }
  return OBJECT_BYTES + (counted === 0 ? count * NUMBER_BYTES : (bytes / counted) * count);
}
