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

function nameOfShared(prototype: object): string | undefined {
  try {
    const name: unknown = prototype.constructor.name;
    return typeof name === 'string' && all.has(name) ? name : undefined;
  } catch {
    // A prototype that resists being looked at.
    return undefined;
  }
}

function prototypeOf(value: object): object | null {
  try {
    return Object.getPrototypeOf(value);
  } catch {
    return null;
  }
}
