/** Which classes of errors both threads have, and which of them an error is of. Used by both sides. */
import * as balancerErrors from './errors.js';

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
const ours = byName(Object.values(balancerErrors));
const all = new Map([...globals, ...ours, ['DOMException', DOMException]]);

/** As `errors.ts` marks this package's classes. */
const KIND = Symbol.for('leastwork.error');

const MAX_DEPTH = 50;

/** The class of this name that both sides have. */
export function classNamed(name: string): ErrorClass {
  return all.get(name) ?? Error;
}

/** The name of the nearest class on an error's prototype chain that both sides have. */
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
 * The name alone says nothing: a program may have a `QueueFullError` of its own. So this package's classes go by their mark, which those
 * of another copy have as well, and the language's by being native, which those of another realm (`node:vm`) are as well.
 */
function nameOfShared(prototype: object): string | undefined {
  if (prototype === DOMException.prototype) return 'DOMException';
  try {
    const kind: unknown = Object.getOwnPropertyDescriptor(prototype, KIND)?.value;
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
