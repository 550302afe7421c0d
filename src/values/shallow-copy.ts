import { defineOwn } from '../errors/define-own.js';

/**
 * Copies an array or a plain object as structured clone sees it: an array with its holes and its other
 * properties, but without its class. Used by both sides.
 * @param made is given the copy while it is empty, since its parts may refer back to it
 * @param partOf gives the replacement for an object inside
 */
export function shallowCopy(
  value: object,
  made: (copy: object) => void,
  partOf: (part: object, key: string) => unknown,
): object {
  const copy: Record<string, unknown> = Array.isArray(value)
    ? (new Array(value.length) as unknown as Record<string, unknown>)
    : {};
  made(copy);
  for (const key of Object.keys(value)) {
    const part = (value as Record<string, unknown>)[key];
    const own = typeof part === 'object' && part !== null ? partOf(part, key) : part;
    if (key === '__proto__') defineOwn(copy, key, own);
    else copy[key] = own;
  }
  return copy;
}
