/**
 * Prepares a value for structured clone.
 *
 * Structured clone copies the whole `ArrayBuffer` behind a view, and a `Buffer` is often a few bytes of an 8
 * KiB pool (or of a file's 64 KiB chunk). So such a view is replaced by one of a copy of just its bytes. And
 * structured clone makes empty objects of AbortSignals: these are taken out, for the other side to put in its
 * own.
 *
 * Structured clone also copies bytes twice, into memory of the message and out of it. Large buffers are
 * therefore copied here, once, and the copies are transferred.
 */
import { types } from 'node:util';
import type { FoundSignal } from './abort-signals.js';
import { byteSize } from './byte-size.js';
import { arrayTypeOf, bufferOf, bytesIn, isResizable, lengthOf, offsetOf } from './intrinsics.js';
import { isPlainObject } from './plain-object.js';
import { plainTreeBytes } from './plain-tree.js';
import { isSmallPart, keepWhole, MOVED_BYTES, type Range, type Ranges, type Scan, scan } from './scan.js';
import { shallowCopy } from './shallow-copy.js';
import { keepMemoryWarm } from './warm-memory.js';

/** Nothing is moved out of a value that has more than so many bytes beside its views: it would be copied. */
const MOST_BESIDE = 4_096;
const NONE: readonly ArrayBuffer[] = [];
const { allocUnsafeSlow } = Buffer;

export interface Packed<T> {
  /** The value to be sent; the given one itself where there is nothing to do. */
  readonly value: T;
  /** Estimate of its size. */
  readonly bytes: number;
  /**
   * The Buffers in it, which structured clone makes Uint8Arrays of. Sent along, they are there what they are
   * here: parts of the value.
   */
  readonly buffers: readonly ArrayBufferView[] | undefined;
  /** AbortSignals that were taken out. */
  readonly signals: readonly FoundSignal[] | undefined;
  /** The errors in it, of which structured clone keeps little: see `error-details.ts`. */
  readonly errors: ReadonlySet<Error> | undefined;
  /** Buffers in the value that were made here, for it alone: to be transferred. */
  readonly moved: readonly ArrayBuffer[];
  /** The value as bytes, if it is plain data: see `tree-format.ts`. */
  readonly tree: ArrayBuffer | undefined;
  /** There is an AbortSignal that cannot be taken out: it is in a Map, say. */
  readonly stuck: boolean;
}

/**
 * Replaces each view whose buffer is more than twice as large as all that is viewed of it, and takes out
 * AbortSignals.
 *
 * Two views of one buffer in the same value stay two views of one buffer, and one object stays one. Never
 * changes the caller's objects: the containers of a replaced view are copied. Looks into arrays and plain
 * objects. Left alone are shared, resizable and transferred buffers, and those that are also visible
 * elsewhere (inside a `Map`, a class instance, or as such).
 *
 * Where there is nothing to do it costs one look at each object: measured 10 to 20 ns for flat arguments, 100
 * ns for an object with two inside (Node 20).
 * @param transfer the transfer list that goes along
 * @param moves whether large buffers are to be copied, since `moved` will be transferred
 */
export function pack<T>(value: T, transfer?: readonly unknown[], moves = false): Packed<T> {
  if (typeof value !== 'object' || value === null) return copied(value, byteSize(value));
  const plain = plainTreeBytes(value);
  if (plain >= 0) return copied(value, plain);
  const found = scan(value, transfer, moves);
  const { bytes, signals, errors, stuck, pinned } = found;
  keepMemoryWarm(bytes);
  const ranges = replaceable(found);
  const buffers = found.buffers && [...found.buffers];
  if (stuck || (ranges === undefined && signals === undefined)) {
    return { value, bytes, tree: undefined, buffers, signals: undefined, errors, moved: NONE, stuck };
  }
  const rewriting: Rewriting = { ranges, pinned, signals, copies: new Map(), places: new Map(), path: [] };
  try {
    const copy = rewrite(value, rewriting) as T;
    const views = buffers?.map((view) => (rewriting.copies.get(view) ?? view) as ArrayBufferView);
    const taken = signals && [...rewriting.places.values()];
    const moved = moves && ranges !== undefined ? largeCopies(ranges) : NONE;
    return {
      value: copy,
      bytes,
      tree: undefined,
      buffers: views,
      signals: taken,
      errors,
      moved,
      stuck: false,
    };
  } catch {
    // Too deep, or a getter that throws the second time.
    const isStuck = signals !== undefined;
    return {
      value,
      bytes,
      tree: undefined,
      buffers,
      signals: undefined,
      errors,
      moved: NONE,
      stuck: isStuck,
    };
  }
}

function copied<T>(value: T, bytes: number): Packed<T> {
  keepMemoryWarm(bytes);
  return asItIs(value, bytes);
}

/** A value of which nothing has to be prepared. */
export function asItIs<T>(value: T, bytes: number): Packed<T> {
  return {
    value,
    bytes,
    tree: undefined,
    buffers: undefined,
    signals: undefined,
    errors: undefined,
    moved: NONE,
    stuck: false,
  };
}

/** A value that goes as bytes. @param rest what goes instead of the value */
export function asBytes<T>(rest: T, tree: ArrayBuffer): Packed<T> {
  const bytes = tree.byteLength;
  return { ...asItIs(rest, bytes), moved: [tree], tree };
}

function largeCopies(ranges: Ranges): readonly ArrayBuffer[] {
  const large: ArrayBuffer[] = [];
  for (const { copy } of ranges.values()) {
    if (copy !== undefined && copy.byteLength >= MOVED_BYTES) large.push(copy);
  }
  return large;
}

/** The ranges, if a copy of any of them is worthwhile. */
function replaceable({ ranges, kept, partial, transfer, moves, bytes, viewed }: Scan): Ranges | undefined {
  if (ranges === undefined || partial) return undefined;
  if (kept !== undefined) keepWhole(kept, ranges);
  if (transfer !== undefined) {
    for (const each of transfer) if (types.isAnyArrayBuffer(each)) keepWhole(each, ranges);
  }
  const movesLarge = moves && bytes - viewed <= MOST_BESIDE;
  let any = false;
  for (const [buffer, range] of ranges) {
    range.whole ||= !(isWorthwhile(buffer, range) || (movesLarge && isLarge(buffer, range)));
    any ||= !range.whole;
  }
  return any ? ranges : undefined;
}

function isWorthwhile(buffer: ArrayBufferLike, { start, end }: Range): boolean {
  return types.isArrayBuffer(buffer) && isSmallPart(bytesIn(buffer), end - start) && !isResizable(buffer);
}

/** Whether a buffer is large; then its range becomes all of it. */
function isLarge(buffer: ArrayBufferLike, range: Range): boolean {
  if (!types.isArrayBuffer(buffer) || isResizable(buffer) || bytesIn(buffer) < MOVED_BYTES) return false;
  range.start = 0;
  range.end = bytesIn(buffer);
  return true;
}

interface Rewriting {
  readonly ranges: Ranges | undefined;
  readonly pinned: ReadonlySet<object> | undefined;
  readonly signals: ReadonlySet<AbortSignal> | undefined;
  /** The copy of each object met, so that cycles and shared parts stay what they are. */
  readonly copies: Map<object, object>;
  /** Where the signals were. */
  readonly places: Map<AbortSignal, FoundSignal>;
  /** Keys down to the object that is looked at. */
  readonly path: string[];
}

/** A copied object is reachable from copied objects alone, so no identity is split. */
function rewrite(value: object, rewriting: Rewriting): object | undefined {
  if (ArrayBuffer.isView(value)) return rewriteView(value, rewriting);
  const { pinned, copies, path } = rewriting;
  const known = copies.get(value);
  if (known !== undefined) return known;
  if (!Array.isArray(value) && !isPlainObject(value)) return takeOut(value, rewriting);
  if (pinned?.has(value) === true) return value;
  return shallowCopy(
    value,
    (copy) => copies.set(value, copy),
    (part, key) => {
      path.push(key);
      const written = rewrite(part, rewriting);
      path.pop();
      return written;
    },
  );
}

/** Notes the place of a signal, and leaves it empty; any other object stays. */
function takeOut(value: object, { signals, places, path }: Rewriting): object | undefined {
  const signal = value as AbortSignal;
  if (signals?.has(signal) !== true) return value;
  const known = places.get(signal);
  if (known === undefined) places.set(signal, { paths: [[...path]], signal });
  else known.paths.push([...path]);
  return undefined;
}

function rewriteView(view: ArrayBufferView, { ranges, copies }: Rewriting): ArrayBufferView {
  const buffer = bufferOf(view);
  const range = ranges?.get(buffer);
  if (range === undefined || range.whole) return view;
  const known = copies.get(view) as ArrayBufferView | undefined;
  if (known !== undefined) return known;
  // On a multiple of 8, so that each view's offset stays one that its type allows.
  const start = range.start & ~7;
  range.copy ??= copyOf(buffer, start, range.end);
  const copy = viewLike(view, range.copy, offsetOf(view) - start);
  copies.set(view, copy);
  return copy;
}

function copyOf(buffer: ArrayBufferLike, start: number, end: number): ArrayBuffer {
  const length = end - start;
  // Memory that is not cleared first, since all of it is written.
  const bytes = length < MOVED_BYTES ? new Uint8Array(length) : allocUnsafeSlow(length);
  bytes.set(new Uint8Array(buffer, start, length));
  return bytes.buffer as ArrayBuffer;
}

type ViewClass = new (buffer: ArrayBuffer, offset: number, length: number) => ArrayBufferView;

function viewLike(view: ArrayBufferView, buffer: ArrayBuffer, offset: number): ArrayBufferView {
  const length = lengthOf(view);
  const type = arrayTypeOf(view) ?? 'DataView';
  if (type === 'Uint8Array' && Buffer.isBuffer(view)) return Buffer.from(buffer, offset, length);
  const View = (globalThis as unknown as Record<string, ViewClass>)[type] as ViewClass;
  return new View(buffer, offset, length);
}
