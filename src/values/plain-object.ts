/** Objects that structured clone takes for a list of their properties and nothing else. Used by both sides. */
import { types } from 'node:util';

const tagOf = Object.prototype.toString;

/**
 * Tells it of an object whose prototype is that of plain objects, or none: a `Date` may have been given that one, too, and is still a `Date`
 * to structured clone. (One of the kinds without a tag, as `Map`, is not recognised where it has properties of its own: the look costs too
 * much for each object.)
 * @param properties how many it has of its own
 */
export function isRecord(value: object, properties: number): boolean {
  return tagOf.call(value) === '[object Object]' && (properties > 0 || !hasContents(value));
}

/** An object without a class, of which structured clone takes the properties. */
export function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && isRecord(value, Object.keys(value).length);
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
