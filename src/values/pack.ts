/**
 * What is changed in a value before structured clone has it.
 *
 * Structured clone copies the whole `ArrayBuffer` behind a view, and a `Buffer` is often a few bytes of an 8 KiB pool
 * (or of a file's 64 KiB chunk). So such a view is replaced by one of a copy of just its bytes. And it makes empty objects of
 * AbortSignals: these are taken out, for the other side to put in its own.
 */
import { types } from 'node:util';
import { bufferOf, bytesIn, isResizable, kindOf, lengthOf, offsetOf } from './intrinsics.js';
import { isPlain } from './plain-object.js';
import { isSmallPart, keepWhole, type Range, type Ranges, type Survey, survey } from './scan.js';
import { shallowCopy } from './shallow-copy.js';

export interface Packed<T> {
  /** To be sent; the given value itself where there is nothing to do. */
  readonly value: T;
  /** The Buffers in it, which structured clone makes Uint8Arrays of. Sent along, they are there what they are here: parts of the value. */
  readonly buffers: readonly ArrayBufferView[] | undefined;
  /** AbortSignals that were taken out. */
  readonly signals: ReadonlySet<AbortSignal> | undefined;
  /** There is an AbortSignal that cannot be taken out: it is in a Map, say. */
  readonly stuck: boolean;
}

/**
 * Replaces each view of which the buffer is more than twice as large as all that is viewed of it, and takes out AbortSignals.
 *
 * Two views of one buffer in the same value stay two views of one buffer, and one object stays one. Never changes the caller's objects:
 * what contains a replaced view is copied on the way down to it. Looks into arrays, and objects without a class; a buffer
 * that is also seen from elsewhere (inside a `Map`, a class instance, or as such) is left alone, and so are shared,
 * resizable and transferred buffers.
 *
 * Where there is nothing to do it costs one look at each object: measured 10 to 20 ns for flat arguments, 100 ns for an object
 * with two inside (Node 20).
 * @param transfer what will be transferred along
 */
export function pack<T>(value: T, transfer?: readonly unknown[]): Packed<T> {
  if (typeof value !== 'object' || value === null) return asItIs(value);
  const found = survey(value, transfer);
  const { buffers, signals, stuck, pinned } = found;
  const ranges = replaceable(found);
  const all = buffers && [...buffers];
  if (stuck || (ranges === undefined && signals === undefined))
    return { value, buffers: all, signals, stuck };
  const copies = new Map<object, object>();
  try {
    const copy = rewrite(value, { ranges, pinned, copies }) as T;
    const views = all?.map((view) => (copies.get(view) ?? view) as ArrayBufferView);
    return { value: copy, buffers: views, signals, stuck: false };
  } catch {
    // Too deep, or a getter that throws the second time.
    return { value, buffers: all, signals, stuck: signals !== undefined };
  }
}

function asItIs<T>(value: T): Packed<T> {
  return { value, buffers: undefined, signals: undefined, stuck: false };
}

/** Those of which parts are copied; `undefined`: there is none. */
function replaceable({ ranges, kept, partial, transfer }: Survey): Ranges | undefined {
  if (ranges === undefined || partial) return undefined;
  if (kept !== undefined) keepWhole(kept, ranges);
  if (transfer !== undefined) {
    for (const each of transfer) if (types.isAnyArrayBuffer(each)) keepWhole(each, ranges);
  }
  let any = false;
  for (const [buffer, range] of ranges) {
    range.whole ||= !isWorthwhile(buffer, range);
    any ||= !range.whole;
  }
  return any ? ranges : undefined;
}

function isWorthwhile(buffer: ArrayBufferLike, { start, end }: Range): boolean {
  return types.isArrayBuffer(buffer) && isSmallPart(bytesIn(buffer), end - start) && !isResizable(buffer);
}

interface Rewriting {
  readonly ranges: Ranges | undefined;
  readonly pinned: ReadonlySet<object> | undefined;
  /** Has an entry for each object met, so that cycles and shared parts stay what they are. */
  readonly copies: Map<object, object>;
}

/** Everything that is copied is seen from copied objects alone, so what is one object stays one. */
function rewrite(value: object, rewriting: Rewriting): object | undefined {
  if (ArrayBuffer.isView(value)) return rewriteView(value, rewriting);
  const { pinned, copies } = rewriting;
  const known = copies.get(value);
  if (known !== undefined) return known;
  if (!Array.isArray(value) && !isPlain(value)) return value instanceof AbortSignal ? undefined : value;
  if (pinned?.has(value) === true) return value;
  return shallowCopy(
    value,
    (copy) => copies.set(value, copy),
    (part) => rewrite(part, rewriting),
  );
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
  const bytes = new Uint8Array(end - start);
  bytes.set(new Uint8Array(buffer, start, end - start));
  return bytes.buffer;
}

type ViewClass = new (buffer: ArrayBuffer, offset: number, length: number) => ArrayBufferView;

function viewLike(view: ArrayBufferView, buffer: ArrayBuffer, offset: number): ArrayBufferView {
  const length = lengthOf(view);
  const kind = kindOf(view) ?? 'DataView';
  if (kind === 'Uint8Array' && Buffer.isBuffer(view)) return Buffer.from(buffer, offset, length);
  const View = (globalThis as unknown as Record<string, ViewClass>)[kind] as ViewClass;
  return new View(buffer, offset, length);
}
