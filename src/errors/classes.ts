/** The error classes that both threads have, and which of them an error belongs to. Used by both sides. */
import { CLASS_MARK, ERROR_CLASSES } from './errors.js';

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
];

const byName = (classes: readonly ErrorClass[]) => new Map(classes.map((each) => [each.name, each]));
const globals = byName(GLOBAL_CLASSES);
const ours = byName(Object.values(ERROR_CLASSES));
const all = new Map([...globals, ...ours, ['DOMException', DOMException]]);

const MAX_DEPTH = 50;

/** The shared class of that name, or `Error`. */
export function classNamed(name: string): ErrorClass {
  return all.get(name) ?? Error;
}

/** The name of the nearest shared class on an error's prototype chain. */
export function sharedClass(error: object): string {
  let prototype = prototypeOf(error);
  for (let depth = 0; prototype !== null && depth < MAX_DEPTH; depth++) {
    const name = nameOfShared(prototype);
    if (name !== undefined) return name;
    prototype = prototypeOf(prototype);
  }
  return 'Error';
}

/**
 * A name alone is no proof: a program may have a `QueueFullError` of its own. This package's classes are
 * known by their mark, which another copy's have, too; the language's by being native, which another realm's
 * (`node:vm`) are, too.
 */
export function nameOfShared(prototype: object): string | undefined {
  if (prototype === DOMException.prototype) return 'DOMException';
  try {
    const kind: unknown = Object.getOwnPropertyDescriptor(prototype, CLASS_MARK)?.value;
    if (typeof kind === 'string' && ours.has(kind)) return kind;
    const owner = prototype.constructor;
    return globals.has(owner.name) && isNative(owner) ? owner.name : undefined;
  } catch {
    // A prototype that resists being looked at.
    return undefined;
  }
}

function isNative(fn: unknown): boolean {
  return Function.prototype.toString.call(fn).endsWith('{ [native code] }');
}

function prototypeOf(value: object): object | null {
  try {
    return Object.getPrototypeOf(value);
  } catch {
    return null;
  }
}
