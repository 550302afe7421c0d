/** Errors about values that structured clone refuses: which part it is, and where. Used by both sides. */
import { inspect, types } from 'node:util';
import { MessagePort } from 'node:worker_threads';
import { isError } from '../errors/encode.js';
import { NotCloneableError } from '../errors/errors.js';
import { withoutOwnFrames } from '../errors/own-frame.js';
import { attempt } from '../errors/printing.js';
import { classNameOf } from './class-name.js';
import { isDetached } from './detached.js';
import { emptiedInWords, hasSubstitute, isEmptied, isThenable } from './emptied.js';
import { isPlainObject } from './plain-object.js';
import { refusedPart, TRANSFER_MARK } from './transfer-list.js';

/** Objects looked at before giving up: a bound on the time an error message may take. */
const MAX_SEARCHED = 100_000;

/**
 * Makes the error for a value that could not be cloned, naming the part that structured clone refuses.
 *
 * For use when a clone has failed. Cyclic values are fine. The search ends after 100,000 objects; then the
 * value as a whole is blamed.
 * @param path the value's name for the message, as in `arguments` or `the result`
 * @param options `cause`: the error of the failed clone; `transfer`: the transfer list; `list`: its name for
 *   the message; `takesSignals`: an AbortSignal is fine in arrays and plain objects
 */
export function cloneError(
  value: unknown,
  path: string,
  options: { cause?: unknown; transfer?: readonly unknown[]; list?: string; takesSignals?: boolean } = {},
): NotCloneableError {
  const from = (beyond: Search | undefined): Search => ({
    seen: new Set(options.transfer as object[] | undefined),
    beyond,
  });
  const search = Object.hasOwn(options, 'takesSignals') ? from(from(undefined)) : from(undefined);
  const cause = options.cause === undefined ? undefined : { cause: shown(options.cause) };
  const refused = options.transfer && refusedPart(options.transfer, options.cause);
  if (refused !== undefined) {
    return new NotCloneableError(`${options.list ?? 'transfer'}[${refused.index}]`, refused.what, cause);
  }
  let found: Found | undefined;
  try {
    found = findIn(value, path, search);
  } catch {
    // The value resists being looked at. The clone's own message is all there is to say.
  }
  if (found !== undefined) return new NotCloneableError(found.path, found.what, cause);
  const reason = options.cause instanceof Error ? `: ${options.cause.message}` : '';
  return new NotCloneableError(path, `or contains a value that cannot be cloned${reason}`, cause);
}

/** The failed clone shows where in this package it was; an error that a getter has thrown keeps its frames. */
function shown(cause: unknown): unknown {
  // A getter may throw anything, a frozen error as well.
  return cause instanceof Error ? (attempt(() => withoutOwnFrames(cause)) ?? cause) : cause;
}

interface Search {
  readonly seen: Set<object>;
  /**
   * The search inside of containers that are not plain, where an AbortSignal is refused; `undefined`: this is
   * that one.
   */
  readonly beyond: Search | undefined;
}

interface Found {
  readonly path: string;
  readonly what: string;
}

function findIn(value: unknown, path: string, search: Search): Found | undefined {
  if (typeof value === 'function') return { path, what: functionInWords(value) };
  if (typeof value === 'symbol') return { path, what: `a symbol (${String(value)})` };
  if (typeof value !== 'object' || value === null) return undefined;
  if (types.isProxy(value)) return { path, what: 'a Proxy' };
  if (search.seen.has(value) || search.seen.size > MAX_SEARCHED) return undefined;
  search.seen.add(value);
  const what = refusedKind(value);
  if (what !== undefined) return { path, what };
  if (value instanceof AbortSignal) return search.beyond === undefined ? { path, what: SIGNAL } : undefined;
  const inside = Array.isArray(value) || isPlainObject(value) ? search : (search.beyond ?? search);
  return findInside(value, path, inside) ?? findHostObject(value, path);
}

const SIGNAL = 'an AbortSignal (arguments may be one, or have one in their arrays and plain objects)';

function functionInWords(value: unknown): string {
  const name = (value as { name?: unknown }).name;
  return typeof name === 'string' && name !== '' ? `a function (${name})` : 'a function';
}

function refusedKind(value: object): string | undefined {
  if (types.isPromise(value)) return 'a Promise (await it first)';
  if (types.isWeakMap(value)) return 'a WeakMap';
  if (types.isWeakSet(value)) return 'a WeakSet';
  if (value instanceof WeakRef) return 'a WeakRef';
  if (types.isGeneratorObject(value)) return 'a generator object (balancer.stream() gives the values of one)';
  if (value instanceof MessagePort || TRANSFER_ONLY.has(classNameOf(value))) {
    return `a ${classNameOf(value)} that is not in the transfer list`;
  }
  if (types.isModuleNamespaceObject(value)) return "a module's namespace";
  if (TRANSFER_MARK in value) return 'marked by transfer(), meant for the whole result of a task';
  const buffer = ArrayBuffer.isView(value) ? value.buffer : value;
  if (types.isArrayBuffer(buffer) && isDetached(buffer)) return 'a detached ArrayBuffer';
  return lostContents(value);
}

/** Structured clone does not refuse it, but what it is would be lost. */
function lostContents(value: object): string | undefined {
  if (isLeaf(value) || isPlainObject(value) || Array.isArray(value) || isError(value)) return undefined;
  if (types.isMap(value) || types.isSet(value) || value instanceof AbortSignal) return undefined;
  if (isEmptied(value)) return emptiedInWords(value);
  return isThenable(value) ? "an object with a method 'then' (await it first)" : undefined;
}

/** Classes of Node that can be transferred but not copied. */
const TRANSFER_ONLY: ReadonlySet<string> = new Set([
  'FileHandle',
  'ReadableStream',
  'WritableStream',
  'TransformStream',
]);

/** Searches the parts that structured clone looks at: entries, elements and own enumerable properties. */
function findInside(value: object, path: string, search: Search): Found | undefined {
  if (types.isNativeError(value)) return findInCause(value, path, search);
  if (isLeaf(value)) return undefined;
  if (types.isMap(value)) return findInMap(value, path, search);
  if (types.isSet(value)) {
    for (const each of value) {
      const found = findIn(each, `${path}.values()[${label(each)}]`, search);
      if (found !== undefined) return found;
    }
  }
  for (const key of Object.keys(value)) {
    const inner = Array.isArray(value) && /^\d+$/.test(key) ? `${path}[${key}]` : `${path}${accessor(key)}`;
    let part: unknown;
    try {
      part = (value as Record<string, unknown>)[key];
    } catch (error) {
      return { path: inner, what: `a getter that throws (${String((error as Error)?.message ?? error)})` };
    }
    const found = findIn(part, inner, search);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Structured clone takes no part of an error but its cause. */
function findInCause(error: Error, path: string, search: Search): Found | undefined {
  return Object.hasOwn(error, 'cause') ? findIn(error.cause, `${path}.cause`, search) : undefined;
}

function findInMap(map: Map<unknown, unknown>, path: string, search: Search): Found | undefined {
  for (const [key, each] of map) {
    const found =
      findIn(key, `${path}.keys()[${label(key)}]`, search) ??
      findIn(each, `${path}.get(${label(key)})`, search);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether the value is cloned without a look at its own properties. */
function isLeaf(value: object): boolean {
  return (
    ArrayBuffer.isView(value) ||
    types.isAnyArrayBuffer(value) ||
    types.isDate(value) ||
    types.isRegExp(value) ||
    types.isBoxedPrimitive(value)
  );
}

/**
 * Only a try shows whether an object of Node or of the engine can be cloned, such as `FileHandle` or
 * `Intl.Collator`.
 */
function findHostObject(value: object, path: string): Found | undefined {
  if (Array.isArray(value) || types.isMap(value) || types.isSet(value) || isPlainObject(value))
    return undefined;
  try {
    structuredClone(value);
    return undefined;
  } catch {
    if (hasSubstitute(value)) return { path, what: emptiedInWords(value) };
    if (types.isNativeError(value) && leadsBack(value))
      return {
        path,
        what: 'an error whose cause leads back to it: a circle that this version of Node cannot read',
      };
    const name = value.constructor?.name;
    return {
      path,
      what: `an object of the kind ${typeof name === 'string' && name !== '' ? name : 'Object'}`,
    };
  }
}

/** Whether the cause of an error has that error in it, at any depth. */
function leadsBack(error: Error): boolean {
  const seen = new Set<unknown>();
  const waiting: unknown[] = [error.cause];
  for (let part = waiting.pop(); part !== undefined || waiting.length > 0; part = waiting.pop()) {
    if (part === error) return true;
    if (typeof part !== 'object' || part === null || seen.has(part) || seen.size > MAX_SEARCHED) continue;
    seen.add(part);
    for (const inner of partsOf(part)) waiting.push(inner);
  }
  return false;
}

function* partsOf(value: object): Iterable<unknown> {
  if (types.isMap(value)) {
    yield* value.keys();
    yield* value.values();
  } else if (types.isSet(value)) yield* value;
  else if (types.isNativeError(value)) yield value.cause;
  else if (!isLeaf(value)) yield* Object.values(value);
}

function accessor(key: string): string {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function label(value: unknown): string {
  return typeof value === 'object' && value !== null ? '…' : inspect(value, { maxStringLength: 40 });
}
