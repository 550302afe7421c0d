/** What the language puts on `Object.prototype`. */
const OF_LANGUAGE: ReadonlySet<string> = new Set([
  ...['constructor', 'hasOwnProperty', 'isPrototypeOf', 'propertyIsEnumerable'],
  ...['toLocaleString', 'toString', 'valueOf', '__proto__'],
  ...['__defineGetter__', '__defineSetter__', '__lookupGetter__', '__lookupSetter__'],
]);

/** What has been taken from a prototype, and before that. */
interface Hidden {
  readonly prototype: object;
  readonly name: string;
  readonly property: PropertyDescriptor;
  readonly before: Hidden | undefined;
}

/**
 * Calls while `Object.prototype` has nothing but what the language puts there, and `Array.prototype` no elements.
 * Node reads options, descriptors and manifests from ordinary objects where it starts a thread, makes a port,
 * listens to one, or loads a file: what a program's prototype has been polluted with would count there. `call` must
 * not run code of the program.
 */
export function withCleanPrototype<T>(call: () => T): T {
  let hidden = hideFrom(Object.prototype, (name) => !OF_LANGUAGE.has(name), undefined);
  // Most often: its first name is an element if it has any.
  if (isElement(Object.getOwnPropertyNames(Array.prototype)[0] as string))
    hidden = hideFrom(Array.prototype, isElement, hidden);
  if (hidden === undefined) return call();
  try {
    return call();
  } finally {
    for (; hidden !== undefined; hidden = hidden.before)
      Object.defineProperty(hidden.prototype, hidden.name, hidden.property);
  }
}

const isElement = (name: string): boolean => /^\d+$/.test(name);

function hideFrom(prototype: object, isForeign: (name: string) => boolean, before: Hidden | undefined) {
  const names = Object.getOwnPropertyNames(prototype);
  let hidden = before;
  // From the last to the first: they are put back in their order.
  for (let i = names.length - 1; i >= 0; i--) {
    const name = names[i] as string;
    if (!isForeign(name)) continue;
    // Without a prototype of its own: that may be polluted when the property is put back.
    const property: PropertyDescriptor = Object.setPrototypeOf(
      Object.getOwnPropertyDescriptor(prototype, name) as object,
      null,
    );
    if (Reflect.deleteProperty(prototype, name)) hidden = { prototype, name, property, before: hidden };
  }
  return hidden;
}
