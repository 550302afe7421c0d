/** What was thrown → plain data, in the thread where it was thrown. Used by both sides. */
import { inspect, types } from 'node:util';
import { sharedClass } from './classes.js';
import type { ContainerFailure, ErrorFailure, Failure, Part, Primitive } from './form.js';

/** Bounds, so that an error that carries half of the program does not: all far above what real errors have. */
const MAX_DEPTH = 50;
const MAX_ERRORS = 1_000;
const MAX_OWN = 100;
const MAX_TEXT = 1_000_000;
const MAX_STACK = 100_000;
/** Parts of containers that are looked at one by one; those beyond are cloned as they are, and errors among them lose what a clone loses. */
const MAX_PARTS = 10_000;

/**
 * Makes plain data of whatever was thrown. Never throws.
 * @param trim what to keep of each stack; default: all
 */
export function encodeFailure(thrown: unknown, trim = (stack: string): string => stack): Failure {
  try {
    const state: Encoding = {
      seen: new Map(),
      trim,
      leaves: [],
      errors: 0,
      depth: 0,
      nesting: 0,
      parts: MAX_PARTS,
      refused: false,
    };
    const failure = settle(encode(thrown, state), state);
    // Half a value would be taken for the whole; an error is known to be incomplete by the text in a part's place.
    return state.refused && failure.kind !== 'error' ? { kind: 'opaque', text: print(thrown) } : failure;
  } catch {
    // Only reached where even looking at the value fails, as with a proxy all of whose traps throw.
    return { kind: 'opaque', text: print(thrown) };
  }
}

interface Encoding {
  /** One `Failure` stands for one object. */
  readonly seen: Map<object, Failure>;
  readonly trim: (stack: string) => string;
  /** What structured clone is to take as it is; whether it does shows at the end, where all are cloned together. */
  readonly leaves: Leaf[];
  errors: number;
  /** Errors around the one that is looked at, and containers. */
  depth: number;
  nesting: number;
  /** Parts of containers that may still be looked at. */
  parts: number;
  /** Something that is not inside an error cannot be sent. */
  refused: boolean;
}

interface Leaf {
  readonly failure: Failure;
  readonly value: object;
  readonly isInError: boolean;
}

function encode(thrown: unknown, state: Encoding): Failure {
  if (isPrimitive(thrown)) return { kind: 'value', value: thrown };
  if (typeof thrown !== 'object') return opaque(thrown, state);
  const known = state.seen.get(thrown as object);
  if (known !== undefined) return known;
  if (isError(thrown as object)) {
    if (state.depth < MAX_DEPTH && state.errors < MAX_ERRORS) return encodeError(thrown as Error, state);
    const message = text(attempt(() => (thrown as Error).message));
    return { kind: 'opaque', text: `${limit(message, 200)} (and more, left out)` };
  }
  if (types.isProxy(thrown)) return opaque(thrown, state);
  if (Buffer.isBuffer(thrown)) return encodeBuffer(thrown, state);
  return encodeContainer(thrown as object, state) ?? encodeLeaf(thrown as object, state);
}

function encodePart(value: unknown, state: Encoding): Part {
  return isPrimitive(value) ? value : encode(value, state);
}

function isPrimitive(value: unknown): value is Primitive {
  return typeof value === 'object'
    ? value === null
    : typeof value !== 'function' && typeof value !== 'symbol';
}

function opaque(value: unknown, state: Encoding): Failure {
  if (state.depth === 0) state.refused = true;
  return { kind: 'opaque', text: print(value) };
}

function encodeBuffer(buffer: Buffer, state: Encoding): Failure {
  // A copy: a Buffer is often a view of the shared pool, all of which would be cloned. Of shared memory it stays a view.
  const bytes = attempt(() =>
    types.isSharedArrayBuffer(buffer.buffer)
      ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
      : new Uint8Array(buffer),
  );
  if (bytes === undefined) return opaque(buffer, state);
  const failure: Failure = { kind: 'buffer', bytes };
  state.seen.set(buffer, failure);
  return failure;
}

function encodeLeaf(value: object, state: Encoding): Failure {
  const failure: Failure = { kind: 'value', value };
  state.seen.set(value, failure);
  state.leaves.push({ failure, value, isInError: state.depth > 0 });
  return failure;
}

/** @returns undefined: it is none, or has too many parts */
function encodeContainer(value: object, state: Encoding): Failure | undefined {
  const content = attempt(() => contentOf(value));
  if (content === undefined || content.size > state.parts || state.nesting >= MAX_DEPTH) return undefined;
  state.parts -= content.size;
  const failure: ContainerFailure = { kind: content.kind, keys: [], parts: [] };
  state.seen.set(value, failure);
  state.nesting++;
  for (const [key, part] of content.entries()) {
    if (content.kind === 'map' || content.kind === 'record') failure.keys.push(encodePart(key, state));
    failure.parts.push(encodePart(part, state));
  }
  state.nesting--;
  return failure;
}

interface Content {
  readonly kind: ContainerFailure['kind'];
  readonly size: number;
  entries(): Iterable<readonly [key: unknown, part: unknown]>;
}

function contentOf(value: object): Content | undefined {
  if (types.isMap(value)) return { kind: 'map', size: value.size, entries: () => mapEntries(value) };
  if (types.isSet(value)) return { kind: 'set', size: value.size, entries: () => setEntries(value) };
  const isList = Array.isArray(value);
  // Structured clone keeps holes, which a list of parts does not.
  if (!isList && !hasNoClass(value)) return undefined;
  if (isList && value.length > MAX_PARTS) return undefined;
  const keys = Object.keys(value);
  if (isList && keys.length !== value.length) return undefined;
  return {
    kind: isList ? 'list' : 'record',
    size: keys.length,
    entries: () => keys.map((key) => [key, read(value, key)] as const),
  };
}

/** Not by their own methods, which a class may have changed. */
const mapEntries = (map: Map<unknown, unknown>) => Map.prototype.entries.call(map);
const setEntries = (set: Set<unknown>) => Set.prototype.entries.call(set);

/** Of any realm. */
function hasNoClass(value: object): boolean {
  const prototype: object | null = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** What cannot be read cannot be sent, and is told in the same way. */
function read(value: object, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key];
  } catch {
    return Symbol('a getter that throws');
  }
}

/**
 * Clones all leaves together, which alone keeps it that two of them share a part. The clone is the only sure test whether they can be
 * sent, and getters must not run a second time.
 */
function settle(failure: Failure, state: Encoding): Failure {
  if (state.leaves.length === 0) return failure;
  try {
    return structuredClone(failure);
  } catch {
    for (const leaf of state.leaves) settleLeaf(leaf, state);
    return failure;
  }
}

function settleLeaf({ failure, value, isInError }: Leaf, state: Encoding): void {
  try {
    Object.assign(failure, { value: structuredClone(value) });
  } catch {
    // It is referred to from where it was met, and so is changed where it is.
    Object.assign(failure, { kind: 'opaque', value: undefined, text: print(value) });
    if (!isInError) state.refused = true;
  }
}

function encodeError(error: Error, state: Encoding): Failure {
  const known = sharedClass(error);
  const stack = attempt(() => error.stack);
  const failure: ErrorFailure = {
    kind: 'error',
    class: known,
    name: nameOf(error, known),
    message: limit(text(attempt(() => error.message)), MAX_TEXT),
    stack: typeof stack === 'string' ? limit(state.trim(stack), MAX_STACK) : undefined,
    own: {},
    cause: undefined,
    errors: undefined,
  };
  state.seen.set(error, failure);
  state.errors++;
  state.depth++;
  if (attempt(() => Object.hasOwn(error, 'cause'))) {
    failure.cause = encode(
      attempt(() => error.cause),
      state,
    );
  }
  const errors = attempt(() => (error as AggregateError).errors);
  if (known === 'AggregateError' && Array.isArray(errors)) {
    failure.errors = errors.slice(0, MAX_ERRORS).map((each) => encodePart(each, state));
  }
  encodeOwn(error, failure, state);
  state.depth--;
  return failure;
}

/** Already in fields of their own. */
const FIELDS = new Set(['name', 'message', 'stack', 'cause']);

function encodeOwn(error: Error, failure: ErrorFailure, state: Encoding): void {
  const keys = attempt(() => Object.keys(error)) ?? [];
  for (const key of keys.slice(0, MAX_OWN)) {
    if (FIELDS.has(key) || (key === 'errors' && failure.errors !== undefined)) continue;
    const value = attempt(() => (error as unknown as Record<string, unknown>)[key]);
    defineOwn(failure.own, key, encodePart(value, state));
  }
  // Node's own errors and many others carry a code that is not enumerable.
  const code = attempt(() => (error as { code?: unknown }).code);
  if (failure.class !== 'DOMException' && !Object.hasOwn(failure.own, 'code') && code !== undefined) {
    failure.own.code = encodePart(code, state);
  }
}

function isError(value: object): boolean {
  return (
    types.isNativeError(value) ||
    attempt(() => value instanceof Error || value instanceof DOMException) === true
  );
}

/** A class that never set `name` is still told apart by the name of the class. */
function nameOf(error: Error, known: string): string {
  const name = attempt(() => error.name);
  if (typeof name !== 'string' || name === '') return known;
  if (name !== known || attempt(() => Object.hasOwn(error, 'name'))) return limit(name, 1_000);
  const ofClass: unknown = attempt(() => error.constructor.name);
  return typeof ofClass === 'string' && ofClass !== '' ? limit(ofClass, 1_000) : known;
}

function defineOwn(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, writable: true, configurable: true });
}

function attempt<T>(get: () => T): T | undefined {
  try {
    return get();
  } catch {
    return undefined;
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined ? '' : print(value);
}

function limit(value: string, length: number): string {
  return value.length <= length
    ? value
    : `${value.slice(0, length)}… (${value.length - length} more characters)`;
}

function print(value: unknown): string {
  const options = { depth: 2, maxArrayLength: 20, maxStringLength: 1_000, breakLength: Infinity };
  return limit(attempt(() => inspect(value, options)) ?? 'a value that cannot be shown', 10_000);
}
