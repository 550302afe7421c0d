/** Thrown value → plain data, in the thread where it was thrown. Used by both sides. */
import { types } from 'node:util';
import { sharedClass } from './classes.js';
import { contentOf, isTooDeep } from './containers.js';
import { defineOwn } from './define-own.js';
import type { ContainerFailure, ErrorFailure, Failure, Part, Primitive } from './form.js';
import { attempt, limit, print, text } from './printing.js';
import { nameOf, otherProperties } from './properties.js';

/**
 * Bounds, far above what real errors have, so that an error that refers to half of the program does not take
 * all of it along.
 */
const MAX_DEPTH = 50;
const MAX_ERRORS = 10_000;
const MAX_OWN = 100;
const MAX_TEXT = 1_000_000;
const MAX_STACK = 100_000;
/**
 * Parts of containers that are looked at one by one. Beyond that, a container is cloned as it is, and errors
 * in it lose what a clone loses.
 */
const MAX_PARTS = 10_000;

/**
 * Makes plain data of a thrown value. Never throws.
 * @param trim gives the part of a stack to keep; default: all of it
 */
export function encodeFailure(thrown: unknown, trim = whole): Failure {
  try {
    const state = begin(trim);
    return cloneLeaves(encode(thrown, state), state);
  } catch {
    // Even looking at the value fails, as with a proxy all of whose traps throw.
    return { kind: 'opaque', text: print(thrown) };
  }
}

/** All of an error that structured clone does not keep. Never throws. */
export function encodeDetails(error: Error, trim = whole): Failure {
  try {
    const state = begin(trim);
    return cloneLeaves(encodeError(error, state, !keepsCauseOnly(error)), state);
  } catch {
    return { kind: 'opaque', text: '' };
  }
}

const whole = (stack: string): string => stack;

function begin(trim: (stack: string) => string): Encoding {
  return { seen: new Map(), trim, leaves: [], errors: 0, depth: 0, nesting: 0, parts: MAX_PARTS };
}

interface Encoding {
  /** The one `Failure` of each object met. */
  readonly seen: Map<object, Failure>;
  readonly trim: (stack: string) => string;
  /**
   * Objects left to structured clone. Whether it takes them shows at the end, when all are cloned together.
   */
  readonly leaves: Leaf[];
  errors: number;
  /** Errors around the value that is looked at. */
  depth: number;
  /** Containers around it. */
  nesting: number;
  /** Parts of containers that may still be looked at. */
  parts: number;
}

interface Leaf {
  readonly failure: Failure;
  readonly value: object;
}

function encode(thrown: unknown, state: Encoding): Failure {
  if (isPrimitive(thrown)) return { kind: 'value', value: thrown };
  if (typeof thrown !== 'object') return opaque(thrown);
  const known = state.seen.get(thrown as object);
  if (known !== undefined) return known;
  if (isError(thrown as object)) {
    if (state.depth < MAX_DEPTH && state.errors < MAX_ERRORS) return encodeError(thrown as Error, state);
    const message = text(attempt(() => (thrown as Error).message));
    return { kind: 'opaque', text: `${limit(message, 200)} (and more, left out)` };
  }
  if (types.isProxy(thrown)) return opaque(thrown);
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

function opaque(value: unknown): Failure {
  return { kind: 'opaque', text: print(value) };
}

function encodeBuffer(buffer: Buffer, state: Encoding): Failure {
  // A copy: a Buffer is often a view of the shared pool, all of which would be cloned. A view of shared
  // memory stays one.
  const bytes = attempt(() =>
    types.isSharedArrayBuffer(buffer.buffer)
      ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
      : new Uint8Array(buffer),
  );
  if (bytes === undefined) return opaque(buffer);
  const failure: Failure = { kind: 'buffer', bytes };
  state.seen.set(buffer, failure);
  return failure;
}

function encodeLeaf(value: object, state: Encoding): Failure {
  const failure: Failure = { kind: 'value', value };
  state.seen.set(value, failure);
  state.leaves.push({ failure, value });
  return failure;
}

/** @returns undefined: the value is no container, or has too many parts */
function encodeContainer(value: object, state: Encoding): Failure | undefined {
  const content = attempt(() => contentOf(value, MAX_PARTS));
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

/**
 * Clones all leaves in one go, so that parts which two of them share stay shared. Only a clone shows whether
 * they can be sent, and its result is what is sent: getters must not run twice.
 */
function cloneLeaves(failure: Failure, state: Encoding): Failure {
  const { leaves } = state;
  if (leaves.length === 0) return failure;
  for (const leaf of leaves) if (isTooDeep(leaf.value)) makeOpaque(leaf);
  try {
    return structuredClone(failure);
  } catch {
    // The list grows by the leaves found inside of others.
    for (const leaf of leaves) cloneLeaf(leaf, state);
    return failure;
  }
}

/** Changes failures in place, since others refer to them. */
function cloneLeaf(leaf: Leaf, state: Encoding): void {
  const { failure, value } = leaf;
  if (failure.kind !== 'value') return;
  try {
    Object.assign(failure, { value: structuredClone(value) });
  } catch {
    if (isOrdinary(value) && Object.keys(value).length <= state.parts) encodeProperties(leaf, state);
    else makeOpaque(leaf);
  }
}

function makeOpaque({ failure, value }: Leaf): void {
  Object.assign(failure, { kind: 'opaque', value: undefined, text: print(value) });
}

/**
 * An instance of a class with a function in it, say: its other properties are kept, as structured clone
 * would.
 */
function encodeProperties({ failure, value }: Leaf, state: Encoding): void {
  const keys = Object.keys(value);
  state.parts -= keys.length;
  const parts = keys.map((key) =>
    encodePart(
      attempt(() => (value as Record<string, unknown>)[key]),
      state,
    ),
  );
  Object.assign(failure, { kind: 'record', value: undefined, keys, parts });
}

/** Not an object of Node or of the engine, which are more than their properties. */
function isOrdinary(value: object): boolean {
  return attempt(() => Object.prototype.toString.call(value)) === '[object Object]';
}

function encodeError(error: Error, state: Encoding, withCause = true): Failure {
  const known = sharedClass(error);
  const stack = attempt(() => error.stack);
  const failure: ErrorFailure = {
    kind: 'error',
    class: known,
    name: errorName(error, known),
    message: limit(text(attempt(() => error.message)), MAX_TEXT),
    stack: typeof stack === 'string' ? limit(state.trim(stack), MAX_STACK) : undefined,
    own: {},
    others: [],
    cause: undefined,
    errors: undefined,
  };
  state.seen.set(error, failure);
  state.errors++;
  state.depth++;
  if (withCause && attempt(() => Object.hasOwn(error, 'cause'))) {
    failure.cause = encode(
      attempt(() => error.cause),
      state,
    );
  }
  const errors = attempt(() => Object.hasOwn(error, 'errors') && (error as AggregateError).errors);
  if (known === 'AggregateError' && Array.isArray(errors)) {
    failure.errors = errors.slice(0, MAX_ERRORS).map((each) => encodePart(each, state));
    const more = errors.length - failure.errors.length;
    if (more > 0) failure.errors.push(`(and ${more} more, left out)`);
  }
  encodeOwn(error, failure, state);
  state.depth--;
  return failure;
}

/** Properties with a field of their own in `ErrorFailure`. */
const FIELDS = new Set(['name', 'message', 'stack', 'cause']);

function encodeOwn(error: Error, failure: ErrorFailure, state: Encoding): void {
  const keys = attempt(() => Object.keys(error)) ?? [];
  for (const key of keys.slice(0, MAX_OWN)) {
    if (FIELDS.has(key) || (key === 'errors' && failure.errors !== undefined)) continue;
    const value = attempt(() => (error as unknown as Record<string, unknown>)[key]);
    defineOwn(failure.own, key, encodePart(value, state));
  }
  // Those of a DOMException are in its class.
  if (failure.class === 'DOMException') return;
  const isKnown = (key: PropertyKey): boolean =>
    typeof key === 'string' &&
    (FIELDS.has(key) ||
      Object.hasOwn(failure.own, key) ||
      (key === 'errors' && failure.errors !== undefined));
  for (const { key, value, enumerable } of otherProperties(error, isKnown).slice(0, MAX_OWN)) {
    // Shown when the error is printed, as in Node's own errors.
    const isShown = enumerable || key === 'code';
    failure.others.push({ key: nameOf(key), value: encodePart(value, state), enumerable: isShown });
  }
}

/** Also one of a class that was written before there was `class`, and a DOMException. */
export function isError(value: object): value is Error {
  return (
    types.isNativeError(value) ||
    attempt(() => value instanceof Error || value instanceof DOMException) === true
  );
}

/**
 * Whether structured clone takes an error's cause, and no other part that the program has added. Of a
 * DOMException it takes none or, in older versions of Node, makes a plain object; so it does of an error that
 * only inherits from `Error`.
 */
export function keepsCauseOnly(error: object): boolean {
  return types.isNativeError(error) && !(error instanceof DOMException);
}

/** If the class never set `name`, the name of the class itself. */
function errorName(error: Error, known: string): string {
  const name = attempt(() => error.name);
  if (typeof name !== 'string' || name === '') return known;
  if (name !== known || attempt(() => Object.hasOwn(error, 'name'))) return limit(name, 1_000);
  const ofClass: unknown = attempt(() => error.constructor.name);
  return typeof ofClass === 'string' && ofClass !== '' ? limit(ofClass, 1_000) : known;
}
