/**
 * Transfer lists: errors in them are reported before anything is sent and thereby lost. Used by both sides.
 */
import { inspect, types } from 'node:util';
import { MessagePort } from 'node:worker_threads';
import { InvalidOptionError } from '../errors/errors.js';
import { classNameOf } from './class-name.js';
import { isDetached } from './detached.js';

/**
 * The key of the mark that `transfer()` puts on a result; see `leastwork/task`. A task may import another
 * copy of the package.
 */
export const TRANSFER_MARK = Symbol.for('leastwork.transfer');

/** Objects looked at. A part that was not found by then is assumed to be there. */
const MAX_SEARCHED = 100_000;

/**
 * Checks that each part can be transferred, is listed once, and is somewhere in the value. A buffer that is
 * not would leave this thread and be out of reach in the other.
 *
 * @param name the list's name for messages, as in `submit options.transfer`
 * @param whole the value's name for messages, as in `the arguments`
 * @throws InvalidOptionError
 */
export function checkTransferList(name: string, list: unknown, value: unknown, whole: string): void {
  const allowed = 'ArrayBuffers, MessagePorts and other objects that can be transferred';
  if (!Array.isArray(list))
    throw new InvalidOptionError(name, `no array (${typeof list})`, `a list of ${allowed}`);
  const parts = new Set<unknown>();
  for (const [i, part] of list.entries()) {
    const wrong = parts.has(part) ? 'an object that is in the list already' : refusal(part);
    if (wrong !== undefined) throw new InvalidOptionError(`${name}[${i}]`, wrong, `one of the ${allowed}`);
    parts.add(part);
  }
  const missing = firstMissing(parts, value);
  if (missing === undefined) return;
  throw new InvalidOptionError(
    `${name}[${list.indexOf(missing)}]`,
    `an object (${named(missing)}) that is not in ${whole}`,
    `a part of ${whole}`,
  );
}

/** Index of the first buffer of the list that is detached, or -1. */
export function detachedAt(list: readonly unknown[]): number {
  return list.findIndex((part) => types.isArrayBuffer(part) && isDetached(part));
}

/**
 * The part of a transfer list that Node has refused, as far as its error tells. For use when a message could
 * not be sent.
 * @param refused Node's error
 */
export function refusedPart(
  list: readonly unknown[],
  refused: unknown,
): { index: number; what: string } | undefined {
  const message = messageOf(refused);
  const find = (matches: (part: unknown) => boolean, what: (part: unknown) => string) => {
    const index = list.findIndex(matches);
    return index < 0 ? undefined : { index, what: what(list[index]) };
  };
  if (/MessagePort in transfer list is already detached/.test(message)) {
    // A port that was transferred just now still looks alive. Among several it cannot be told.
    const isOnly = list.filter(isPort).length === 1;
    return find(
      isOnly ? isPort : isDeadPort,
      () => 'a MessagePort that is closed or has been transferred already',
    );
  }
  if (/invalid (object|value) in transferList/i.test(message)) {
    return find(
      (part) => !isObject(part) || (!types.isArrayBuffer(part) && !TRANSFERABLE.has(classNameOf(part))),
      (part) => (isObject(part) ? `an object (${named(part)}) that can only be copied` : `a ${typeof part}`),
    );
  }
  if (/transfer a locked/.test(message)) {
    return find(
      (part) => isObject(part) && 'locked' in part && part.locked === true,
      (part) => `a ${named(part)} that is locked`,
    );
  }
  return undefined;
}

/**
 * Node's classes that can be transferred. There may be more; an object of another class is blamed only after
 * Node refused one.
 */
const TRANSFERABLE: ReadonlySet<string> = new Set([
  'MessagePort',
  'FileHandle',
  'ReadableStream',
  'WritableStream',
  'TransformStream',
  'AbortSignal',
]);

function isPort(part: unknown): boolean {
  return part instanceof MessagePort;
}

/**
 * Only the printed form of a port shows whether it is still open, from the next turn of the event loop on.
 */
function isDeadPort(part: unknown): boolean {
  return isPort(part) && /active: false/.test(inspect(part, { depth: 0 }));
}

function isObject(part: unknown): part is object {
  return typeof part === 'object' && part !== null;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : '';
}

function refusal(part: unknown): string | undefined {
  if (typeof part !== 'object' || part === null) return part === null ? 'null' : `a ${typeof part}`;
  if (ArrayBuffer.isView(part)) return `a view (${named(part)}) instead of its buffer`;
  if (types.isSharedArrayBuffer(part)) return 'a SharedArrayBuffer, which is shared as it is';
  if (types.isArrayBuffer(part)) return isDetached(part) ? 'a detached ArrayBuffer' : undefined;
  if (types.isProxy(part)) return 'a Proxy';
  const prototype = Object.getPrototypeOf(part);
  if (prototype === null || prototype === Object.prototype || isOnlyCopied(part)) {
    return `an object (${named(part)}) that can only be copied`;
  }
  // An object of Node's, which alone knows.
  return undefined;
}

/** Objects of the language itself, and of classes derived from it. */
function isOnlyCopied(part: object): boolean {
  return (
    Array.isArray(part) ||
    types.isMap(part) ||
    types.isSet(part) ||
    types.isDate(part) ||
    types.isRegExp(part) ||
    types.isNativeError(part) ||
    types.isBoxedPrimitive(part) ||
    types.isPromise(part)
  );
}

function firstMissing(parts: ReadonlySet<unknown>, value: unknown): unknown {
  const missing = new Set(parts);
  const seen = new Set<unknown>();
  const open: unknown[] = [value];
  try {
    while (missing.size > 0 && open.length > 0) {
      const next = open.pop();
      if (typeof next !== 'object' || next === null || seen.has(next)) continue;
      if (seen.size >= MAX_SEARCHED) return undefined;
      seen.add(next);
      missing.delete(ArrayBuffer.isView(next) ? next.buffer : next);
      for (const part of partsOf(next)) open.push(part);
    }
  } catch {
    // A getter or a proxy's trap threw. The clone meets it as well, and its error says more.
    return undefined;
  }
  const [first] = missing;
  return first;
}

function partsOf(value: object): Iterable<unknown> {
  if (Array.isArray(value)) return value;
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return [];
  if (types.isMap(value)) return [...value.keys(), ...value.values()];
  if (types.isSet(value)) return value;
  // Structured clone takes no part of an error but its cause.
  if (!types.isNativeError(value)) return Object.values(value);
  return Object.hasOwn(value, 'cause') ? [value.cause] : [];
}

function named(value: unknown): string {
  return classNameOf(value as object) || 'no class';
}
