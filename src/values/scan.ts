/**
 * One walk through a value before it goes by message: how many bytes it takes, which buffers structured clone
 * would copy for a small view of them, which views are Buffers, and whether there are AbortSignals. Used by
 * both sides.
 */
import { types } from 'node:util';
import { isError, keepsCauseOnly } from '../errors/encode.js';
import { hasSignalNear } from './abort-signals.js';
import { byteSize, NUMBER_BYTES, OBJECT_BYTES } from './byte-size.js';
import { elementsOf } from './elements.js';
import { isEmptied, isThenable } from './emptied.js';
import { hasErrorNear } from './errors-near.js';
import { arrayTypeOf, bufferOf, bytesIn, bytesOf, offsetOf } from './intrinsics.js';
import { isPlainObject } from './plain-object.js';

/**
 * Objects looked at. Beyond that the value stays as it is; but once there is a Buffer, error or signal, all of
 * it is looked at.
 */
const MAX_VISITED = 2_000;

/** Elements of one array, likewise, if none of the first is an object. */
const MAX_ELEMENTS = 10_000;
const FIRST_ELEMENTS = 100;

/**
 * From this size on a buffer is moved: it is copied into memory that is transferred, which takes one copy,
 * not the two of structured clone. Measured (Node 20): at 64 KiB both cost the same; of 1 MiB, with sha256
 * behind it, a request takes some 40 % less time of the cores.
 */
export const MOVED_BYTES = 128 * 2 ** 10;

/** Below this many spared bytes a copy is not worth its allocation. */
const MIN_SPARED = 256;

export interface Range {
  /** First and last byte, exclusive, that any view of the buffer covers. */
  start: number;
  end: number;
  /** The buffer must be cloned whole: it is transferred, or visible from a place that is not rewritten. */
  whole: boolean;
  /** The copy, once made. */
  copy: ArrayBuffer | undefined;
}

export type Ranges = Map<ArrayBufferLike, Range>;

export interface Scan {
  readonly transfer: readonly unknown[] | undefined;
  /** Whether large buffers may be moved. */
  readonly moves: boolean;
  /** How many of `bytes` are in views. */
  viewed: number;
  /** An estimate; exact for buffers and strings. */
  bytes: number;
  /** Made for the first view that may be worth a copy. */
  ranges: Ranges | undefined;
  /** First buffer that must be cloned whole. It is mostly the only one, and then no map is made. */
  kept: ArrayBufferLike | undefined;
  /** Made for the first object inside another; flat arguments need none. */
  seen: Set<object> | undefined;
  /**
   * Objects reachable through a container that we do not rewrite (Map, Set, class instance). None of them may
   * be copied: that would split its identity.
   */
  pinned: Set<object> | undefined;
  /** Views that are Buffers. */
  buffers: Set<ArrayBufferView> | undefined;
  /** Signals that are not transferred. */
  signals: Set<AbortSignal> | undefined;
  /** Errors, of which structured clone keeps little. */
  errors: Set<Error> | undefined;
  /**
   * One of the signals is in a place that is not rewritten, or an object would arrive without its contents.
   */
  stuck: boolean;
  /** Objects that may still be looked at. */
  left: number;
  /** Not everything has been looked at. */
  partial: boolean;
}

export function scan(value: object, transfer: readonly unknown[] | undefined, moves: boolean): Scan {
  let found = scanUpTo(MAX_VISITED, value, transfer, moves);
  if (found.partial && (found.signals !== undefined || hasSignalNear(value) || hasErrorNear(value))) {
    found = scanUpTo(Number.POSITIVE_INFINITY, value, transfer, moves);
  }
  if (found.partial) found.bytes = Math.max(found.bytes, byteSize(value));
  return found;
}

function scanUpTo(
  left: number,
  value: object,
  transfer: readonly unknown[] | undefined,
  moves: boolean,
): Scan {
  const found = begin(transfer, left, moves);
  try {
    visit(value, true, found);
  } catch {
    // Too deep; or a getter or a proxy's trap threw: the clone meets that as well, and its error says more.
    found.partial = true;
    found.stuck = found.signals !== undefined;
  }
  return found;
}

function begin(transfer: readonly unknown[] | undefined, left: number, moves: boolean): Scan {
  return {
    transfer,
    moves,
    viewed: 0,
    bytes: 0,
    ranges: undefined,
    kept: undefined,
    seen: undefined,
    pinned: undefined,
    buffers: undefined,
    signals: undefined,
    errors: undefined,
    stuck: false,
    left,
    partial: false,
  };
}

export function isSmallPart(bytes: number, viewed: number): boolean {
  return bytes >= 2 * viewed && bytes - viewed >= MIN_SPARED;
}

function visit(value: object, rewritable: boolean, found: Scan): void {
  if (ArrayBuffer.isView(value)) {
    visitView(value, rewritable, found);
    return;
  }
  found.bytes += OBJECT_BYTES;
  if (isSpent(found)) found.partial = true;
  else if (Array.isArray(value)) visitArray(value, rewritable, found);
  else if (isPlainObject(value)) visitProperties(value, rewritable, found);
  else visitContents(value, found, rewritable);
}

function isSpent(found: Scan): boolean {
  if (found.left-- > 0) return false;
  return found.buffers === undefined && found.signals === undefined && found.errors === undefined;
}

function visitArray(value: readonly unknown[], rewritable: boolean, found: Scan): void {
  if (value.length > MAX_ELEMENTS && found.left !== Number.POSITIVE_INFINITY) {
    const first = value.slice(0, FIRST_ELEMENTS);
    if (!first.some((part) => typeof part === 'object' && part !== null)) {
      found.partial = true;
      return;
    }
  }
  visitAll(elementsOf(value), rewritable, found);
}

/** The parts of an object that is not rewritten. */
function visitContents(value: object, found: Scan, rewritable: boolean): void {
  if (types.isAnyArrayBuffer(value)) {
    if (types.isArrayBuffer(value)) found.bytes += bytesIn(value) - OBJECT_BYTES;
    keep(value, found);
  } else if (types.isMap(value)) {
    visitAll(value.keys(), false, found);
    visitAll(value.values(), false, found);
  } else if (types.isSet(value)) visitAll(value, false, found);
  else if (value instanceof AbortSignal) {
    if (found.transfer?.includes(value) === true) return;
    found.signals ??= new Set();
    found.signals.add(value);
    found.stuck ||= !rewritable;
  } else if (isError(value)) {
    found.errors ??= new Set();
    found.errors.add(value);
    if (!keepsCauseOnly(value)) visitProperties(value, false, found);
    else if (Object.hasOwn(value, 'cause')) visitPart(value.cause, false, found);
  } else {
    const isTransferred = found.transfer?.includes(value) === true;
    if (!isTransferred && (isEmptied(value) || isThenable(value))) found.stuck = true;
    visitProperties(value, false, found);
  }
}

function visitAll(parts: Iterable<unknown>, rewritable: boolean, found: Scan): void {
  for (const part of parts) visitPart(part, rewritable, found);
}

function visitProperties(value: object, rewritable: boolean, found: Scan): void {
  for (const key of Object.keys(value)) {
    found.bytes += 2 * key.length;
    visitPart((value as Record<string, unknown>)[key], rewritable, found);
  }
}

function visitPart(part: unknown, rewritable: boolean, found: Scan): void {
  if (typeof part === 'object' && part !== null) visitObject(part, rewritable, found);
  else found.bytes += typeof part === 'string' ? 2 * part.length : NUMBER_BYTES;
}

function visitObject(part: object, rewritable: boolean, found: Scan): void {
  if (!ArrayBuffer.isView(part)) {
    const met = rewritable ? 'seen' : 'pinned';
    found[met] ??= new Set();
    // An object that was seen and is then met as pinned is visited again: everything inside is pinned with
    // it.
    if (found[met].has(part) || (rewritable && found.pinned?.has(part) === true)) return;
    found[met].add(part);
  }
  visit(part, rewritable, found);
}

function visitView(view: ArrayBufferView, rewritable: boolean, found: Scan): void {
  if (Buffer.isBuffer(view) && arrayTypeOf(view) === 'Uint8Array') {
    found.buffers ??= new Set();
    found.buffers.add(view);
  }
  const buffer = bufferOf(view);
  // Shared memory is not copied.
  if (!types.isArrayBuffer(buffer)) return;
  const start = offsetOf(view);
  const viewed = bytesOf(view);
  found.bytes += viewed;
  found.viewed += viewed;
  const whole = bytesIn(buffer);
  if (isSmallPart(whole, viewed)) cover(buffer, start, start + viewed, rewritable, found);
  // This view alone is a reason to send the whole buffer, whatever other views there are.
  else if (found.moves && rewritable && whole >= MOVED_BYTES) cover(buffer, 0, whole, true, found);
  else keep(buffer, found);
}

/** A view needs these bytes of a buffer. */
function cover(buffer: ArrayBuffer, start: number, end: number, rewritable: boolean, found: Scan): void {
  found.ranges ??= new Map();
  const range = found.ranges.get(buffer);
  if (range === undefined) {
    found.ranges.set(buffer, { start, end, whole: !rewritable, copy: undefined });
    return;
  }
  range.start = Math.min(range.start, start);
  range.end = Math.max(range.end, end);
  range.whole ||= !rewritable;
}

function keep(buffer: ArrayBufferLike, found: Scan): void {
  found.kept ??= buffer;
  if (found.kept === buffer) return;
  found.ranges ??= new Map();
  keepWhole(buffer, found.ranges);
}

export function keepWhole(buffer: ArrayBufferLike, ranges: Ranges): void {
  ranges.set(buffer, { start: 0, end: buffer.byteLength, whole: true, copy: undefined });
}
