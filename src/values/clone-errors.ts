/**
 * What structured clone does with a value, known beforehand: what it cannot take and where that sits, which bytes it
 * would copy for nothing, and about how many there are.
 */
import { inspect, types } from 'node:util';
import { MessagePort } from 'node:worker_threads';
import { NotCloneableError } from '../errors/errors.js';
import { isDetached } from './detached.js';
import { isPlain } from './plain-object.js';
import { refusedPart } from './transfer-list.js';

/** Objects looked at before giving up: a bound on the time an error message may take. */
const MAX_SEARCHED = 100_000;

/**
 * Finds the part of a value that structured clone refuses.
 *
 * To be called when a clone has failed. Cyclic values are fine; the search ends after 100,000 objects and then
 * blames the value as a whole.
 * @param path what the value is called in the message, as in `arguments` or `the result`
 * @param options `cause`: the error of the failed clone; `transfer`: objects that were to be transferred; `list`: what their list is
 *   called in the message; `hasPlaces`: an AbortSignal is fine in arrays and plain objects
 */
export function findUncloneable(
  value: unknown,
  path: string,
  options: { cause?: unknown; transfer?: readonly unknown[]; list?: string; hasPlaces?: boolean } = {},
): NotCloneableError {
  const from = (beyond: Search | undefined): Search => ({
    seen: new Set(options.transfer as object[] | undefined),
    beyond,
  });
  const search = options.hasPlaces === true ? from(from(undefined)) : from(undefined);
  const cause = options.cause === undefined ? undefined : { cause: options.cause };
  const refused = options.transfer && refusedPart(options.transfer, options.cause);
  if (refused !== undefined) {
    return new NotCloneableError(`${options.list ?? 'transfer'}[${refused.index}]`, refused.what, cause);
  }
  let found: Found | undefined;
  try {
    found = findIn(value, path, search);
  } catch {
    // A value built to resist being looked at; the clone's own message is then all there is to say.
  }
  if (found !== undefined) return new NotCloneableError(found.path, found.what, cause);
  const reason = options.cause instanceof Error ? `: ${options.cause.message}` : '';
  return new NotCloneableError(path, `or contains a value that cannot be cloned${reason}`, cause);
}

interface Search {
  readonly seen: Set<object>;
  /** The search inside what is no plain container: there an AbortSignal is refused, also in what was seen outside. `undefined`: it is here. */
  readonly beyond: Search | undefined;
}

interface Found {
  readonly path: string;
  readonly what: string;
}

function findIn(value: unknown, path: string, search: Search): Found | undefined {
  if (typeof value === 'function') return { path, what: describeFunction(value) };
  if (typeof value === 'symbol') return { path, what: `a symbol (${String(value)})` };
  if (typeof value !== 'object' || value === null) return undefined;
  if (types.isProxy(value)) return { path, what: 'a Proxy' };
  if (search.seen.has(value) || search.seen.size > MAX_SEARCHED) return undefined;
  search.seen.add(value);
  const what = refusedKind(value);
  if (what !== undefined) return { path, what };
  if (value instanceof AbortSignal) return search.beyond === undefined ? { path, what: SIGNAL } : undefined;
  const inside = Array.isArray(value) || isPlain(value) ? search : (search.beyond ?? search);
  return findInside(value, path, inside) ?? findHostObject(value, path);
}

const SIGNAL = 'an AbortSignal (arguments may be one, or have one in their arrays and plain objects)';

function describeFunction(value: unknown): string {
  const name = (value as { name?: unknown }).name;
  return typeof name === 'string' && name !== '' ? `a function (${name})` : 'a function';
}

function refusedKind(value: object): string | undefined {
  if (types.isPromise(value)) return 'a Promise';
  if (types.isWeakMap(value)) return 'a WeakMap';
  if (types.isWeakSet(value)) return 'a WeakSet';
  if (value instanceof WeakRef) return 'a WeakRef';
  if (types.isGeneratorObject(value)) return 'a generator object (balancer.stream() gives the values of one)';
  if (value instanceof MessagePort || TRANSFERABLE.has(classOf(value))) {
    return `a ${classOf(value)} that is not in the transfer list`;
  }
  if (types.isModuleNamespaceObject(value)) return "a module's namespace";
  if (MARKED in value) return 'marked by transfer(), meant for the whole result of a task';
  const buffer = ArrayBuffer.isView(value) ? value.buffer : value;
  if (types.isArrayBuffer(buffer) && isDetached(buffer)) return 'a detached ArrayBuffer';
  return undefined;
}

/** See `leastwork/task`. */
const MARKED = Symbol.for('leastwork.transfer');

/** Classes of Node that can be transferred and not copied. */
const TRANSFERABLE: ReadonlySet<string> = new Set([
  'FileHandle',
  'ReadableStream',
  'WritableStream',
  'TransformStream',
]);

function classOf(value: object): string {
  // Of the class, not a property of the object's own, which may be a getter that throws.
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === 'string' ? name : '';
}

/** Through the parts that structured clone goes through: entries, elements and own enumerable properties. */
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

/** Of an error's parts structured clone takes only its cause. */
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

/** Cloned whole, whatever own properties they may have. */
function isLeaf(value: object): boolean {
  return (
    ArrayBuffer.isView(value) ||
    types.isAnyArrayBuffer(value) ||
    types.isDate(value) ||
    types.isRegExp(value) ||
    types.isBoxedPrimitive(value)
  );
}

/** Objects of Node and of the engine's inside, of which only a try can tell, as `FileHandle` or `Intl.Collator`. */
function findHostObject(value: object, path: string): Found | undefined {
  if (Array.isArray(value) || types.isMap(value) || types.isSet(value)) return undefined;
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return undefined;
  try {
    structuredClone(value);
    return undefined;
  } catch {
    const name = value.constructor?.name;
    return { path, what: `of a kind (${typeof name === 'string' && name !== '' ? name : 'object'})` };
  }
}

function accessor(key: string): string {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function label(value: unknown): string {
  return typeof value === 'object' && value !== null ? '…' : inspect(value, { maxStringLength: 40 });
}

/** Objects counted before the rest is extrapolated. */
const MAX_WEIGHED = 64;
const PER_OBJECT = 16;

/**
 * Estimates how many bytes a value takes on its way to another thread.
 *
 * Exact for buffers and strings near the top, an extrapolation for what lies deep or far along. Looks at no more
 * than some 64 objects, so it costs at most a microsecond or two. Shared memory counts nothing.
 * @returns bytes
 */
export function approximateBytes(value: unknown): number {
  try {
    return weigh(value, { left: MAX_WEIGHED }, 0);
  } catch {
    // A proxy whose traps throw.
    return PER_OBJECT;
  }
}

function weigh(value: unknown, budget: { left: number }, depth: number): number {
  if (typeof value === 'string') return 2 * value.length;
  if (typeof value !== 'object' || value === null) return 8;
  if (ArrayBuffer.isView(value)) return value.buffer instanceof ArrayBuffer ? value.byteLength : PER_OBJECT;
  if (value instanceof ArrayBuffer) return value.byteLength;
  if (budget.left-- <= 0 || depth > 8) return PER_OBJECT;
  if (Array.isArray(value)) return weighAll(value, value.length, budget, depth);
  if (value instanceof Map)
    return weighAll(value.values(), value.size, budget, depth) + value.size * PER_OBJECT;
  if (value instanceof Set) return weighAll(value, value.size, budget, depth);
  let bytes = PER_OBJECT;
  for (const key in value) {
    // A getter or a proxy's trap may throw; the clone that follows then reports it.
    try {
      bytes += 2 * key.length + weigh((value as Record<string, unknown>)[key], budget, depth + 1);
    } catch {
      return bytes;
    }
  }
  return bytes;
}

function weighAll(parts: Iterable<unknown>, count: number, budget: { left: number }, depth: number): number {
  let bytes = 0;
  let weighed = 0;
  for (const part of parts) {
    if (budget.left-- <= 0) break;
    bytes += weigh(part, budget, depth + 1);
    weighed++;
  }
  return PER_OBJECT + (weighed === 0 ? count * 8 : (bytes / weighed) * count);
}
