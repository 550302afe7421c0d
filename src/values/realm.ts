/**
 * Messages in another realm.
 *
 * What arrives by message is made of the classes of the realm that Node itself runs in. Test runners (Jest,
 * vitest with `vmThreads`) load each test file, and this package for it, in a realm of its own (`node:vm`),
 * where `Array` and `Object` are others: `toStrictEqual` tells them apart, and `instanceof` says no. There,
 * every object of a message gets the prototype that it would have had if this realm had made it.
 */
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { withCleanPrototype } from '../protocol/clean-prototype.js';

/** One instance of each class that structured clone makes. */
function samples(): object[] {
  const errors = [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError];
  const buffer = new ArrayBuffer(8);
  const views = [
    Uint8Array,
    Uint8ClampedArray,
    Int8Array,
    Uint16Array,
    Int16Array,
    Uint32Array,
    Int32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
    DataView,
  ];
  return [
    {},
    [],
    new Map(),
    new Set(),
    new Date(0),
    /a/,
    Object(true),
    Object(1),
    Object('a'),
    Object(1n),
    buffer,
    new SharedArrayBuffer(1),
    ...errors.map((Class) => new Class('')),
    ...views.map((Class) => Reflect.construct(Class, [buffer])),
  ];
}

type Prototypes = Map<object | null, object>;

let known: Prototypes | undefined;

/** The prototypes in Node's realm, each with its counterpart in this one. */
function prototypes(): Prototypes {
  if (known !== undefined) return known;
  known = new Map();
  const { port1, port2 } = withCleanPrototype(() => new MessageChannel());
  const own = samples();
  port1.postMessage(own);
  const theirs = receiveMessageOnPort(port2)?.message as object[];
  port1.close();
  for (const [i, sample] of own.entries()) {
    const their = Object.getPrototypeOf(theirs[i]);
    if (their !== Object.getPrototypeOf(sample)) known.set(their, Object.getPrototypeOf(sample));
  }
  return known;
}

/**
 * Makes a message, which must be a plain object, one of this realm, with all that is in it. O(size) in
 * another realm; else a comparison.
 */
export function adopt(message: object): void {
  if (Object.getPrototypeOf(message) !== Object.prototype) adoptAll(message);
}

function adoptAll(message: object): void {
  const own = prototypes();
  // A set grows while it is iterated.
  const found = new Set<object>([message]);
  const find = (value: unknown): void => {
    if (typeof value === 'object' && value !== null) found.add(value);
  };
  for (const each of found) {
    const prototype = own.get(Object.getPrototypeOf(each));
    if (ArrayBuffer.isView(each)) find(each.buffer);
    else for (const key of Reflect.ownKeys(each)) find((each as Record<PropertyKey, unknown>)[key]);
    // After the change they are recognised by `instanceof`.
    if (prototype !== undefined) Object.setPrototypeOf(each, prototype);
    if (each instanceof Map) {
      for (const [key, value] of each) {
        find(key);
        find(value);
      }
    } else if (each instanceof Set) for (const value of each) find(value);
  }
}
