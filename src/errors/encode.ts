/** Thrown value → plain data, in the thread where it was thrown. Used by both sides. */
import { types } from 'node:util';
import { sharedClass } from './classes.js';
import { contentOf } from './containers.js';
import { defineOwn } from './define-own.js';
import type { ContainerFailure, ErrorFailure, Failure, Part, Primitive } from './form.js';
import { attempt, limit, print, text } from './printing.js';

/**
 * Bounds, far above what real errors have, so that an error that refers to half of the program does not take
 * all of it along.
 */
const MAX_DEPTH = 50;
const MAX_ERRORS = 1_000;
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
    const failure = cloneLeaves(encode(thrown, state), state);
    // Half a value would be taken for the whole. An error shows that it is incomplete: it has text in place
    // of a part.
    return state.refused && failure.kind !== 'error' ? { kind: 'opaque', text: print(thrown) } : failure;
  } catch {
    // Even looking at the value fails, as with a proxy all of whose traps throw.
    return { kind: 'opaque', text: print(thrown) };
  }
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
  /** Something outside of any error cannot be sent. */
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
  // A copy: a Buffer is often a view of the shared pool, all of which would be cloned. A view of shared
  // memory stays one.
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
  if (state.leaves.length === 0) return failure;
  try {
    return structuredClone(failure);
  } catch {
    for (const leaf of state.leaves) cloneLeaf(leaf, state);
    return failure;
  }
}

function cloneLeaf({ failure, value, isInError }: Leaf, state: Encoding): void {
  try {
    Object.assign(failure, { value: structuredClone(value) });
  } catch {
    // Changed in place: other failures refer to it.
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

/** Properties with a field of their own in `ErrorFailure`. */
const FIELDS = new Set(['name', 'message', 'stack', 'cause']);

function encodeOwn(error: Error, failure: ErrorFailure, state: Encoding): void {
  const keys = attempt(() => Object.keys(error)) ?? [];
  for (const key of keys.slice(0, MAX_OWN)) {
    if (FIELDS.has(key) || (key === 'errors' && failure.errors !== undefined)) continue;
    const value = attempt(() => (error as unknown as Record<string, unknown>)[key]);
    defineOwn(failure.own, key, encodePart(value, state));
  }
  // In Node's own errors and many others `code` is not enumerable.
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

/** If the class never set `name`, the name of the class itself. */
function nameOf(error: Error, known: string): string {
  const name = attempt(() => error.name);
  if (typeof name !== 'string' || name === '') return known;
  if (name !== known || attempt(() => Object.hasOwn(error, 'name'))) return limit(name, 1_000);
  const ofClass: unknown = attempt(() => error.constructor.name);
  return typeof ofClass === 'string' && ofClass !== '' ? limit(ofClass, 1_000) : known;
}
