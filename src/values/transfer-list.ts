/** Transfer lists: what is wrong with one is said before anything is sent, and lost. Used by both sides. */
import { inspect, types } from 'node:util';
import { MessagePort } from 'node:worker_threads';
import { InvalidOptionError } from '../errors/errors.js';
import { isDetached } from './detached.js';

/** Objects looked at; a part that lies deeper is believed to be there. */
const MAX_SEARCHED = 100_000;

/**
 * Checks that each part can be transferred, is listed once, and is somewhere in the value: a buffer that is not would be
 * taken from the one thread and never be found in the other.
 *
 * @param name what the list is called in the message, as in `submit options.transfer`
 * @param whole what the value is called: `the arguments`
 * @throws InvalidOptionError
 */
export function checkTransfer(name: string, list: unknown, value: unknown, whole: string): void {
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
    `an object (${kindOf(missing)}) that is not in ${whole}`,
    `a part of ${whole}`,
  );
}

/** Index of the first buffer of the list that is detached, or -1. */
export function detachedAt(list: readonly unknown[]): number {
  return list.findIndex((part) => types.isArrayBuffer(part) && isDetached(part));
}

/**
 * Which part of a transfer list Node has refused, as far as its error tells; to be called when a message could not be sent.
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
    return find(isDeadPort, () => 'a MessagePort that is closed or has been transferred already');
  }
  if (/invalid (object|value) in transferList/i.test(message)) {
    return find(
      (part) => !isObject(part) || (!types.isArrayBuffer(part) && !TRANSFERABLE.has(kindOf(part))),
      (part) => (isObject(part) ? `an object (${kindOf(part)}) that can only be copied` : `a ${typeof part}`),
    );
  }
  if (/transfer a locked/.test(message)) {
    return find(
      (part) => isObject(part) && 'locked' in part && part.locked === true,
      (part) => `a ${kindOf(part)} that is locked`,
    );
  }
  return undefined;
}

/** Node's classes that can be transferred, for blaming others: there may be more. */
const TRANSFERABLE: ReadonlySet<string> = new Set([
  'MessagePort',
  'FileHandle',
  'ReadableStream',
  'WritableStream',
  'TransformStream',
  'AbortSignal',
]);

/** A port tells only in print whether it is still there. */
function isDeadPort(part: unknown): boolean {
  return part instanceof MessagePort && /active: false/.test(inspect(part, { depth: 0 }));
}

function isObject(part: unknown): part is object {
  return typeof part === 'object' && part !== null;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : '';
}

function refusal(part: unknown): string | undefined {
  if (typeof part !== 'object' || part === null) return part === null ? 'null' : `a ${typeof part}`;
  if (ArrayBuffer.isView(part)) return `a view (${kindOf(part)}) instead of its buffer`;
  if (types.isSharedArrayBuffer(part)) return 'a SharedArrayBuffer, which is shared as it is';
  if (types.isArrayBuffer(part)) return isDetached(part) ? 'a detached ArrayBuffer' : undefined;
  if (types.isProxy(part)) return 'a Proxy';
  const prototype = Object.getPrototypeOf(part);
  if (prototype === null || prototype === Object.prototype || isOnlyCopied(part)) {
    return `an object (${kindOf(part)}) that can only be copied`;
  }
  // Objects of Node, of which it alone knows.
  return undefined;
}

/** What the language itself has, and whatever is derived from it. */
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
    // A getter or a proxy's trap threw: the clone will meet it as well, and its error says more.
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
  // Of an error's parts structured clone takes only its cause.
  return types.isNativeError(value) ? [value.cause] : Object.values(value);
}

function kindOf(value: unknown): string {
  const name = (value as object).constructor?.name;
  return typeof name === 'string' && name !== '' ? name : 'no class';
}
