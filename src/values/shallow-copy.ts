/** Used by both sides. */

/**
 * Copies an array or an object without a class as structured clone sees it: an array with its holes and its other properties, and without
 * what its class would do.
 * @param made is given the copy while it is empty, since its parts may refer back to it
 * @param partOf gives what is to stand in the place of an object inside
 */
export function shallowCopy(
  value: object,
  made: (copy: object) => void,
  partOf: (part: object) => unknown,
): object {
  const copy: Record<string, unknown> = Array.isArray(value)
    ? (new Array(value.length) as unknown as Record<string, unknown>)
    : {};
  made(copy);
  for (const key of Object.keys(value)) {
    const part = (value as Record<string, unknown>)[key];
    const own = typeof part === 'object' && part !== null ? partOf(part) : part;
    if (key === '__proto__') define(copy, key, own);
    else copy[key] = own;
  }
  return copy;
}

/** An assignment would call the setter of that name. */
function define(copy: object, key: string, value: unknown): void {
  Object.defineProperty(copy, key, { value, enumerable: true, writable: true, configurable: true });
}
