import type { FreeName } from './scope.js';

/**
 * Names that an inline function finds in a worker thread.
 *
 * A worker has the globals of the main thread, except those that the program added. So the names are
 * collected when this package is loaded: most programs add theirs later.
 */
const GLOBALS: ReadonlySet<string> = new Set(namesOf(globalThis));

/** `toString` and so on are names everywhere, since the global object is an object. */
const OF_OBJECTS: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

/** Names that a worker gives to inline functions in addition to the globals. */
const PROVIDED: ReadonlySet<string> = new Set(['require']);

/** Whether a name exists in a worker thread without being declared. */
export function isGlobalName(name: string): boolean {
  return GLOBALS.has(name) || PROVIDED.has(name);
}

/**
 * Whether the global of this name lacks one of the properties, so that the name must mean something else:
 * after `import crypto from 'node:crypto'`, `crypto.createHash` is not one of the global `crypto`.
 */
export function lacksMembers(name: string, members: ReadonlySet<string>): boolean {
  if (name !== 'crypto') return false;
  for (const member of members) {
    if (!(member in globalThis.crypto)) return true;
  }
  return false;
}

/**
 * Whether a property of every object is used as a global would be: `toString.call(value)`,
 * `hasOwnProperty.call(object, key)`. Any other use makes no sense for the global, so a variable is meant.
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
