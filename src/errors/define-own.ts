/**
 * Defines an ordinary own property. An assignment would call a setter of that name, such as `__proto__`; a
 * descriptor with a prototype would inherit what that has been polluted with.
 */
export function defineOwn(target: object, key: PropertyKey, value: unknown, enumerable = true): void {
  Object.defineProperty(target, key, {
    __proto__: null,
    value,
    enumerable,
    writable: true,
    configurable: true,
  } as PropertyDescriptor);
}
