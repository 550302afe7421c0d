/** Defines an ordinary own property. An assignment would call a setter of that name, such as `__proto__`. */
export function defineOwn(target: object, key: PropertyKey, value: unknown, enumerable = true): void {
  Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true });
}
