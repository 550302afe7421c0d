/**
 * Views that are small parts of large buffers.
 *
 * Structured clone copies the whole `ArrayBuffer` behind a view, and a `Buffer` is often a few bytes of an 8 KiB pool
 * (or of a file's 64 KiB chunk). So such a view is replaced by one of a copy of just its bytes.
 */
import { types } from 'node:util';

/** Objects looked at; beyond that the value is left as it is, which is always correct and only costs bytes. */
const MAX_VISITED = 2_000;

/** Elements of one array, likewise. */
const MAX_ELEMENTS = 10_000;

/** Below this many spared bytes the copy is not worth its allocation. */
const MIN_SPARED = 256;

interface Range {
  /** First and last byte, exclusive, that any view of the buffer covers. */
  start: number;
  end: number;
  /** The buffer must be cloned whole: it is transferred, or visible in a place that is not rewritten. */
  whole: boolean;
  /** The copy, once made. */
  copy: ArrayBuffer | undefined;
}

interface Survey {
  readonly ranges: Map<ArrayBufferLike, Range>;
  /** Set once an object is met inside another; arguments that are flat need none. */
  readonly seen: Set<object>;
  left: number;
}

/**
 * Replaces each view of which the buffer is more than twice as large as all that is viewed of it.
 *
 * Two views of one buffer in the same value stay two views of one buffer. Never changes the caller's objects: what
 * contains a replaced view is copied on the way down to it. Looks into arrays, and objects without a class; a buffer
 * that is also seen from elsewhere (inside a `Map`, a class instance, or as such) is left alone, and so are shared,
 * resizable and transferred buffers.
 *
 * Without a view inside, costs one visit of each object: about 20 ns for flat arguments.
 * @param transfer what will be transferred along
 * @returns the value itself where there is nothing to do
 */
export function compactViews<T>(value: T, transfer?: readonly unknown[]): T {
  if (typeof value !== 'object' || value === null) return value;
  const survey: Survey = { ranges: new Map(), seen: new Set(), left: MAX_VISITED };
  try {
    visit(value, true, survey);
  } catch {
    // A getter or a proxy's trap threw: the clone will meet it as well, and its error says more.
    return value;
  }
  if (survey.left <= 0 || survey.ranges.size === 0) return value;
  if (transfer !== undefined) {
    for (const each of transfer) keepWhole(each, survey);
  }
  let any = false;
  for (const [buffer, range] of survey.ranges) {
    range.whole ||= !isWorthwhile(buffer, range);
    any ||= !range.whole;
  }
  return any ? (rewrite(value, survey, new Map()) as T) : value;
}

function visit(value: object, rewritable: boolean, survey: Survey): void {
  if (ArrayBuffer.isView(value)) {
    note(value, rewritable, survey);
    return;
  }
  if (survey.left-- <= 0 || survey.seen.has(value)) {
    return;
  }
  survey.seen.add(value);
  if (Array.isArray(value)) {
    if (value.length > MAX_ELEMENTS) survey.left = 0;
    else visitAll(value, rewritable, survey);
  } else if (types.isAnyArrayBuffer(value)) keepWhole(value, survey);
  else if (types.isMap(value)) {
    visitAll(value.keys(), false, survey);
    visitAll(value.values(), false, survey);
  } else if (types.isSet(value)) visitAll(value, false, survey);
  else visitProperties(value, rewritable && isPlain(value), survey);
}

function visitAll(parts: Iterable<unknown>, rewritable: boolean, survey: Survey): void {
  for (const part of parts) {
    if (typeof part === 'object' && part !== null) visit(part, rewritable, survey);
  }
}

function visitProperties(value: object, rewritable: boolean, survey: Survey): void {
  for (const key of Object.keys(value)) {
    const part = (value as Record<string, unknown>)[key];
    if (typeof part === 'object' && part !== null) visit(part, rewritable, survey);
  }
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function note(view: ArrayBufferView, rewritable: boolean, survey: Survey): void {
  const end = view.byteOffset + view.byteLength;
  const range = survey.ranges.get(view.buffer);
  if (range === undefined) {
    survey.ranges.set(view.buffer, { start: view.byteOffset, end, whole: !rewritable, copy: undefined });
    return;
  }
  range.start = Math.min(range.start, view.byteOffset);
  range.end = Math.max(range.end, end);
  range.whole ||= !rewritable;
}

function keepWhole(value: unknown, survey: Survey): void {
  if (!types.isAnyArrayBuffer(value)) return;
  survey.ranges.set(value, { start: 0, end: value.byteLength, whole: true, copy: undefined });
}

function isWorthwhile(buffer: ArrayBufferLike, range: Range): boolean {
  const viewed = range.end - range.start;
  return (
    buffer.byteLength >= 2 * viewed &&
    buffer.byteLength - viewed >= MIN_SPARED &&
    types.isArrayBuffer(buffer) &&
    (buffer as { resizable?: boolean }).resizable !== true
  );
}

/** Copy on write; `copies` has an entry for each object met, so that cycles and shared parts stay what they are. */
function rewrite(value: object, survey: Survey, copies: Map<object, object>): object {
  if (ArrayBuffer.isView(value)) return rewriteView(value, survey, copies);
  if (!Array.isArray(value) && !isPlain(value)) return value;
  const known = copies.get(value);
  if (known !== undefined) return known;
  // Copied ahead of its parts, since they may refer back to it.
  const copy: object = Array.isArray(value) ? value.slice() : { ...value };
  copies.set(value, copy);
  // Not only the elements of an array: structured clone keeps its other properties, too.
  for (const key of Object.keys(value)) {
    const part = (value as Record<string, unknown>)[key];
    (copy as Record<string, unknown>)[key] =
      typeof part === 'object' && part !== null ? rewrite(part, survey, copies) : part;
  }
  return copy;
}

function rewriteView(view: ArrayBufferView, survey: Survey, copies: Map<object, object>): ArrayBufferView {
  const range = survey.ranges.get(view.buffer);
  if (range === undefined || range.whole) return view;
  const known = copies.get(view) as ArrayBufferView | undefined;
  if (known !== undefined) return known;
  // On a multiple of 8, so that each view's offset stays one that its type allows.
  const start = range.start & ~7;
  range.copy ??= (view.buffer as ArrayBuffer).slice(start, range.end);
  const copy = viewLike(view, range.copy, view.byteOffset - start);
  copies.set(view, copy);
  return copy;
}

type ViewClass = new (buffer: ArrayBuffer, offset: number, length: number) => ArrayBufferView;

function viewLike(view: ArrayBufferView, buffer: ArrayBuffer, offset: number): ArrayBufferView {
  if (Buffer.isBuffer(view)) return Buffer.from(buffer, offset, view.length);
  const kind = (view as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] ?? 'Uint8Array';
  const View = (globalThis as unknown as Record<string, ViewClass>)[kind] ?? Uint8Array;
  const length = view instanceof DataView ? view.byteLength : (view as Uint8Array).length;
  return new View(buffer, offset, length);
}
