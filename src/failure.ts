/**
 * Errors on their way between threads.
 *
 * Structured clone keeps only an error's name, message and stack, and fails on some of what can be thrown. So an error
 * is first made into plain data (`encodeFailure`) and rebuilt on the other side (`decodeFailure`) as what it was:
 * its class where both sides have that class, its code, cause, `errors` and own properties.
 *
 * One `Failure` stands for one error however often it is referred to, so cyclic causes come through as cycles.
 */
import { inspect, types } from 'node:util';
import * as balancerErrors from './errors.js';

/** What a task threw, as plain data that structured clone always takes. */
export type Failure = ErrorFailure | ValueFailure | OpaqueFailure;

/** Something that is an error. */
export interface ErrorFailure {
  readonly kind: 'error';
  /** Nearest class on the prototype chain that both sides have, as in `TypeError`. */
  readonly class: string;
  readonly name: string;
  readonly message: string;
  /** The stack where it was thrown, if it was a string. */
  readonly stack: string | undefined;
  /** Own enumerable properties, and those of `cause` and `errors` that exist. */
  readonly own: Record<string, Failure>;
  cause: Failure | undefined;
  errors: Failure[] | undefined;
}

/** Something else that structured clone takes: `throw 'text'`, `throw { status: 404 }`. */
export interface ValueFailure {
  readonly kind: 'value';
  readonly value: unknown;
}

/** Something that cannot be sent: its printed form. */
export interface OpaqueFailure {
  readonly kind: 'opaque';
  readonly text: string;
}

/** Bounds, so that an error that carries half of the program does not: all far above what real errors have. */
const MAX_DEPTH = 50;
const MAX_ERRORS = 1_000;
const MAX_OWN = 100;
const MAX_TEXT = 1_000_000;
const MAX_STACK = 100_000;

/**
 * Makes plain data of whatever was thrown. Never throws.
 * @param trim what to keep of each stack; default: all
 */
export function encodeFailure(thrown: unknown, trim = (stack: string): string => stack): Failure {
  try {
    return encode(thrown, { seen: new Map(), depth: 0, trim });
  } catch {
    // Only reached where even looking at the value fails, as with a proxy all of whose traps throw.
    return { kind: 'opaque', text: print(thrown) };
  }
}

/**
 * Rebuilds what was thrown.
 *
 * Global error classes and this package's come back as themselves, subclasses of them as the nearest such class with
 * their own name, anything else as the value it was. A value that could not be sent becomes a `NotCloneableError`.
 */
export function decodeFailure(failure: Failure): unknown {
  return decode(failure, new Map());
}

interface Encoding {
  readonly seen: Map<object, Failure>;
  readonly trim: (stack: string) => string;
  depth: number;
}

function encode(thrown: unknown, state: Encoding): Failure {
  if (typeof thrown !== 'object' || thrown === null) return encodePrimitive(thrown);
  const known = state.seen.get(thrown);
  if (known !== undefined) return known;
  if (!isError(thrown)) return encodeObject(thrown);
  if (state.depth >= MAX_DEPTH || state.seen.size >= MAX_ERRORS) {
    return {
      kind: 'opaque',
      text: `${limit(text(attempt(() => thrown.message)), 200)} (and more, left out)`,
    };
  }
  return encodeError(thrown, state);
}

function encodePrimitive(thrown: unknown): Failure {
  return typeof thrown === 'function' || typeof thrown === 'symbol'
    ? { kind: 'opaque', text: print(thrown) }
    : { kind: 'value', value: thrown };
}

/** Cloned here and now: the only sure test whether it can be, and getters must not run a second time. */
function encodeObject(thrown: object): Failure {
  try {
    return { kind: 'value', value: structuredClone(thrown) };
  } catch {
    return { kind: 'opaque', text: print(thrown) };
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
  state.depth++;
  if (attempt(() => Object.hasOwn(error, 'cause'))) {
    failure.cause = encode(
      attempt(() => error.cause),
      state,
    );
  }
  const errors = attempt(() => (error as AggregateError).errors);
  if (known === 'AggregateError' && Array.isArray(errors)) {
    failure.errors = errors.slice(0, MAX_ERRORS).map((each) => encode(each, state));
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
    defineOwn(failure.own, key, encode(value, state), true);
  }
  // Node's own errors and many others carry a code that is not enumerable.
  const code = attempt(() => (error as { code?: unknown }).code);
  if (failure.class !== 'DOMException' && !Object.hasOwn(failure.own, 'code') && code !== undefined) {
    failure.own.code = encode(code, state);
  }
}

function decode(failure: Failure, seen: Map<Failure, unknown>): unknown {
  if (failure.kind === 'value') return failure.value;
  if (failure.kind === 'opaque')
    return new balancerErrors.NotCloneableError('the thrown value', failure.text);
  const known = seen.get(failure);
  if (known !== undefined) return known;
  const error = construct(failure);
  seen.set(failure, error);
  if (error.name !== failure.name) defineOwn(error, 'name', failure.name, false);
  defineOwn(error, 'stack', failure.stack ?? `${failure.name}: ${failure.message}`, false);
  if (failure.cause !== undefined) defineOwn(error, 'cause', decodePart(failure.cause, seen), false);
  if (failure.errors !== undefined) {
    defineOwn(
      error,
      'errors',
      failure.errors.map((each) => decodePart(each, seen)),
      false,
    );
  }
  for (const key of Object.keys(failure.own)) {
    defineOwn(error, key, decodePart(failure.own[key] as Failure, seen), true);
  }
  return error;
}

/** Inside an error, what could not be sent is given as text. */
function decodePart(failure: Failure, seen: Map<Failure, unknown>): unknown {
  return failure.kind === 'opaque' ? failure.text : decode(failure, seen);
}

/** Without running the class's own constructor, whose parameters are unknown here, and without taking a stack. */
function construct(failure: ErrorFailure): Error {
  if (failure.class === 'DOMException')
    return new DOMException(failure.message, failure.name) as unknown as Error;
  const limitBefore = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return Reflect.construct(Error, [failure.message], CLASSES.get(failure.class) ?? Error);
  } finally {
    Error.stackTraceLimit = limitBefore;
  }
}

type ErrorClass = abstract new (...args: never[]) => object;

const GLOBAL_CLASSES: readonly ErrorClass[] = [
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
  AggregateError,
  DOMException,
];

/** By name, the classes that exist on both sides. */
const CLASSES = new Map<string, ErrorClass>(
  [...GLOBAL_CLASSES, ...Object.values(balancerErrors)].map((each) => [each.name, each]),
);

function isError(value: object): value is Error {
  return types.isNativeError(value) || value instanceof Error || value instanceof DOMException;
}

/** By the names on the prototype chain, so that errors of another realm (`node:vm`) are known too. */
function sharedClass(error: object): string {
  let prototype: object | null = attempt(() => Object.getPrototypeOf(error)) ?? null;
  for (let depth = 0; prototype !== null && depth < MAX_DEPTH; depth++) {
    const name = constructorName(prototype);
    if (CLASSES.has(name)) return name;
    const of: object = prototype;
    prototype = attempt(() => Object.getPrototypeOf(of)) ?? null;
  }
  return 'Error';
}

/** A class that never set `name` is still told apart by the name of the class. */
function nameOf(error: Error, known: string): string {
  const name = attempt(() => error.name);
  if (typeof name !== 'string' || name === '') return known;
  if (name !== known || attempt(() => Object.hasOwn(error, 'name'))) return limit(name, 1_000);
  return constructorName(error) || known;
}

function constructorName(of: object): string {
  const name = attempt(() => of.constructor.name);
  return typeof name === 'string' ? name : '';
}

function defineOwn(target: object, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true });
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
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
