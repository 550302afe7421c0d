/**
 * One look through what goes by message, before it does: which buffers would be copied for a small view of them, which of the views are
 * Buffers, and whether AbortSignals are among it. Used by both sides.
 */
import { types } from 'node:util';
import { hasSignalNear } from './abort-signals.js';
import { bufferOf, bytesIn, bytesOf, kindOf, offsetOf } from './intrinsics.js';
import { isPlain } from './plain-object.js';

/** Objects looked at; beyond that the value is left as it is. But where Buffers or signals were found, all of it is looked through. */
const MAX_VISITED = 2_000;

/** Elements of one array, likewise, where none of the first is an object. */
const MAX_ELEMENTS = 10_000;
const FIRST_ELEMENTS = 100;

/** Below this many spared bytes a copy is not worth its allocation. */
const MIN_SPARED = 256;

export interface Range {
  /** First and last byte, exclusive, that any view of the buffer covers. */
  start: number;
  end: number;
  /** The buffer must be cloned whole: it is transferred, or visible in a place that is not rewritten. */
  whole: boolean;
  /** The copy, once made. */
  copy: ArrayBuffer | undefined;
}

export type Ranges = Map<ArrayBufferLike, Range>;

export interface Survey {
  readonly transfer: readonly unknown[] | undefined;
  /** Made for the first view that may be worth it. */
  ranges: Ranges | undefined;
  /** First buffer that was found to stay whole: mostly the only one, and then no map is made. */
  kept: ArrayBufferLike | undefined;
  /** Made for the first object inside another; flat arguments need none. */
  seen: Set<object> | undefined;
  /** Those that are also seen from a place that is not rewritten. None of them may be copied: it would be two objects. */
  pinned: Set<object> | undefined;
  /** Views that are Buffers. */
  buffers: Set<ArrayBufferView> | undefined;
  /** What is not transferred. */
  signals: Set<AbortSignal> | undefined;
  /** One of them is in a place that is not rewritten. */
  stuck: boolean;
  left: number;
  /** Not all has been looked at. */
  partial: boolean;
}

export function survey(value: object, transfer: readonly unknown[] | undefined): Survey {
  const first = surveyUpTo(MAX_VISITED, value, transfer);
  if (!first.partial || (first.signals === undefined && !hasSignalNear(value))) return first;
  return surveyUpTo(Number.POSITIVE_INFINITY, value, transfer);
}

function surveyUpTo(left: number, value: object, transfer: readonly unknown[] | undefined): Survey {
  const found = begin(transfer, left);
  try {
    visit(value, true, found);
  } catch {
    // A getter or a proxy's trap threw: the clone will meet it as well, and its error says more. Or it is too deep to be looked through.
    found.partial = true;
    found.stuck = found.signals !== undefined;
  }
  return found;
}

function begin(transfer: readonly unknown[] | undefined, left: number): Survey {
  return {
    transfer,
    ranges: undefined,
    kept: undefined,
    seen: undefined,
    pinned: undefined,
    buffers: undefined,
    signals: undefined,
    stuck: false,
    left,
    partial: false,
  };
}

export function isSmallPart(bytes: number, viewed: number): boolean {
  return bytes >= 2 * viewed && bytes - viewed >= MIN_SPARED;
}

function visit(value: object, rewritable: boolean, found: Survey): void {
  if (ArrayBuffer.isView(value)) note(value, rewritable, found);
  else if (isSpent(found)) found.partial = true;
  else if (Array.isArray(value)) visitArray(value, rewritable, found);
  else if (isPlain(value)) visitProperties(value, rewritable, found);
  else visitContents(value, found, rewritable);
}

function isSpent(found: Survey): boolean {
  return found.left-- <= 0 && found.buffers === undefined && found.signals === undefined;
}

function visitArray(value: readonly unknown[], rewritable: boolean, found: Survey): void {
  if (value.length > MAX_ELEMENTS && found.left !== Number.POSITIVE_INFINITY) {
    const first = value.slice(0, FIRST_ELEMENTS);
    if (!first.some((part) => typeof part === 'object' && part !== null)) {
      found.partial = true;
      return;
    }
  }
  visitAll(value, rewritable, found);
}

/** Of what is not rewritten. */
function visitContents(value: object, found: Survey, rewritable: boolean): void {
  if (types.isAnyArrayBuffer(value)) keep(value, found);
  else if (types.isMap(value)) {
    visitAll(value.keys(), false, found);
    visitAll(value.values(), false, found);
  } else if (types.isSet(value)) visitAll(value, false, found);
  else if (value instanceof AbortSignal) {
    if (found.transfer?.includes(value) === true) return;
    found.signals ??= new Set();
    found.signals.add(value);
    found.stuck ||= !rewritable;
  } else {
    visitProperties(value, false, found);
    if (types.isNativeError(value)) visitAll([value.cause], false, found);
  }
}

function visitPart(part: object, rewritable: boolean, found: Survey): void {
  if (!ArrayBuffer.isView(part)) {
    const met = rewritable ? 'seen' : 'pinned';
    found[met] ??= new Set();
    // What is met as pinned after it was seen is gone through again: all inside is pinned with it.
    if (found[met].has(part) || (rewritable && found.pinned?.has(part) === true)) return;
    found[met].add(part);
  }
  visit(part, rewritable, found);
}

function visitAll(parts: Iterable<unknown>, rewritable: boolean, found: Survey): void {
  for (const part of parts) {
    if (typeof part === 'object' && part !== null) visitPart(part, rewritable, found);
  }
}

function visitProperties(value: object, rewritable: boolean, found: Survey): void {
  for (const key of Object.keys(value)) {
    const part = (value as Record<string, unknown>)[key];
    if (typeof part === 'object' && part !== null) visitPart(part, rewritable, found);
  }
}

function note(view: ArrayBufferView, rewritable: boolean, found: Survey): void {
  if (Buffer.isBuffer(view) && kindOf(view) === 'Uint8Array') {
    found.buffers ??= new Set();
    found.buffers.add(view);
  }
  const buffer = bufferOf(view);
  // Shared memory is not copied.
  if (!types.isArrayBuffer(buffer)) return;
  const start = offsetOf(view);
  const viewed = bytesOf(view);
  // Alone enough to keep its buffer, whatever others there are.
  if (!isSmallPart(bytesIn(buffer), viewed)) {
    keep(buffer, found);
    return;
  }
  found.ranges ??= new Map();
  const end = start + viewed;
  const range = found.ranges.get(buffer);
  if (range === undefined) {
    found.ranges.set(buffer, { start, end, whole: !rewritable, copy: undefined });
    return;
  }
  range.start = Math.min(range.start, start);
  range.end = Math.max(range.end, end);
  range.whole ||= !rewritable;
}

function keep(buffer: ArrayBufferLike, found: Survey): void {
  found.kept ??= buffer;
  if (found.kept === buffer) return;
  found.ranges ??= new Map();
  keepWhole(buffer, found.ranges);
}

export function keepWhole(buffer: ArrayBufferLike, ranges: Ranges): void {
  ranges.set(buffer, { start: 0, end: buffer.byteLength, whole: true, copy: undefined });
}
