/**
 * A first look at a value that goes by message: most are plain objects and arrays, of which there is nothing
 * to prepare. That takes a fraction of the time of `scan`, since it needs no record of what it has met: an
 * object that is met twice counts twice, and a cycle ends at the bound. Used by both sides.
 *
 * Measured (Node 20): a tree of 100 nodes, 10 KB as JSON, takes 9 µs; `scan` 31, and its set of objects is as
 * large as the tree itself for the garbage collector.
 */
import { NUMBER_BYTES, OBJECT_BYTES } from './byte-size.js';
import { isRecord } from './plain-object.js';

/** Objects looked at; `scan` looks at values with more of them. */
const MOST_OBJECTS = 1_000;
/** Elements of one array, likewise. */
const MOST_ELEMENTS = 10_000;

let left = 0;
let bytes = 0;

/**
 * How many bytes a value takes, as `scan` estimates it.
 * @returns -1: it has other parts than plain objects, arrays and primitive values, or too many
 */
export function plainTreeBytes(value: object): number {
  // A getter may have another value looked at meanwhile.
  const before = { left, bytes };
  left = MOST_OBJECTS;
  bytes = 0;
  try {
    return visit(value) ? bytes : -1;
  } catch {
    // Too deep, or a getter or a proxy's trap threw.
    return -1;
  } finally {
    left = before.left;
    bytes = before.bytes;
  }
}

function visit(value: object): boolean {
  if (--left < 0) return false;
  bytes += OBJECT_BYTES;
  if (Array.isArray(value)) {
    const { length } = value;
    if (length > MOST_ELEMENTS) return false;
    for (let i = 0; i < length; i++) if (!visitPart(value[i])) return false;
    return true;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return false;
  const keys = Object.keys(value);
  if (!isRecord(value, keys.length)) return false;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    bytes += 2 * key.length;
    if (!visitPart((value as Record<string, unknown>)[key])) return false;
  }
  return true;
}

function visitPart(part: unknown): boolean {
  if (typeof part === 'object' && part !== null) return visit(part);
  bytes += typeof part === 'string' ? 2 * part.length : NUMBER_BYTES;
  return true;
}
