/** Transfer lists: what is wrong with one is said before anything is sent, and lost. Used by both sides. */
import { types } from 'node:util';
import { isDetached } from './detached.js';
import { InvalidOptionError } from './errors.js';

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

function refusal(part: unknown): string | undefined {
  if (typeof part !== 'object' || part === null) return part === null ? 'null' : `a ${typeof part}`;
  if (ArrayBuffer.isView(part)) return `a view (${kindOf(part)}) instead of its buffer`;
  if (types.isSharedArrayBuffer(part)) return 'a SharedArrayBuffer, which is shared as it is';
  if (types.isArrayBuffer(part)) return isDetached(part) ? 'a detached ArrayBuffer' : undefined;
  if (types.isProxy(part)) return 'a Proxy';
  const prototype = Object.getPrototypeOf(part);
  if (prototype === null || prototype === Object.prototype || prototype === Array.prototype) {
    return `an object (${kindOf(part)}) that can only be copied`;
  }
  // Objects of Node, of which it alone knows.
  return undefined;
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
  return types.isSet(value) ? value : Object.values(value);
}

function kindOf(value: unknown): string {
  const name = (value as object).constructor?.name;
  return typeof name === 'string' && name !== '' ? name : 'no class';
}
