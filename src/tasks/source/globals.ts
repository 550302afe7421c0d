import type { FreeName } from './scope.js';

/**
 * Names that an inline function finds in a worker thread.
 *
 * A worker has the globals of the main thread, but for those that the program made itself: so they are noted when
 * this package is loaded, which is before most programs make any.
 */
const GLOBALS: ReadonlySet<string> = new Set(namesOf(globalThis));

/** `toString` and the like are names everywhere, since the global object is an object. */
const OF_OBJECTS: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

/** What a worker gives to inline functions beside the globals. */
const PROVIDED: ReadonlySet<string> = new Set(['require']);

/** Whether a name exists in a worker thread without being declared. */
export function isGlobalName(name: string): boolean {
  return GLOBALS.has(name) || PROVIDED.has(name);
}

/**
 * Whether a global of this name has none of these properties, so that it must be something else that was meant: with
 * `import crypto from 'node:crypto'`, `crypto.createHash` is not the global `crypto`.
 */
export function lacksMembers(name: string, members: ReadonlySet<string>): boolean {
  if (name !== 'crypto') return false;
  for (const member of members) {
    if (!(member in globalThis.crypto)) return true;
  }
  return false;
}

/**
 * Whether a name that every object has is used as such a global can be: `toString.call(value)`, `hasOwnProperty.call(object, key)`. In any
 * other way they make no sense, and it is a variable that was meant.
 */
export function isMethodOfObjects({ name, members, bare }: FreeName): boolean {
  if (!OF_OBJECTS.has(name) || name === 'constructor' || name === '__proto__') return false;
  return !bare && [...members].every((member) => CALLS.has(member));
}

const CALLS: ReadonlySet<string> = new Set(['call', 'apply', 'bind']);

function namesOf(value: object): string[] {
  const names: string[] = [];
  for (
    let at: object | null = value;
    at !== Object.prototype && at !== null;
    at = Object.getPrototypeOf(at)
  ) {
    names.push(...Object.getOwnPropertyNames(at).filter((name) => name !== 'constructor'));
  }
  return names;
}
