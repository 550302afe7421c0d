/** Plain objects: structured clone takes their properties and nothing else. Used by both sides. */
import { types } from 'node:util';

const tagOf = Object.prototype.toString;

/**
 * Whether structured clone takes the value's properties alone. Only of this realm: others are left to the
 * clone itself.
 */
export function isPlainObject(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && isRecord(value, Object.keys(value).length);
}

/**
 * The second half of `isPlainObject`, for callers that know the prototype and the number of own properties. A
 * `Date` whose prototype was replaced is still a `Date` to structured clone. (An object of a kind without a
 * tag, such as `Map`, is not recognised if it has own properties: that would cost too much for each object.)
 */
export function isRecord(value: object, properties: number): boolean {
  return tagOf.call(value) === '[object Object]' && (properties > 0 || !hasContents(value));
}

function hasContents(value: object): boolean {
  return (
    types.isMap(value) ||
    types.isSet(value) ||
    types.isAnyArrayBuffer(value) ||
    ArrayBuffer.isView(value) ||
    types.isPromise(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    types.isGeneratorObject(value)
  );
}
