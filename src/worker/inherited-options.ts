/** Options that Node's `new Worker` reads and Piscina does not set. */
const OPEN_OPTIONS = ['eval', 'name', 'stderr', 'stdin', 'stdout', 'transferList'];

/**
 * Starts a thread, while `Object.prototype` has none of the options of `new Worker`: a polluted prototype
 * would set them for the thread. `start` must not run code of the program.
 */
export function withoutInheritedOptions<T>(start: () => T): T {
  const hidden: [name: string, property: PropertyDescriptor][] = [];
  for (const name of OPEN_OPTIONS) {
    const property = Object.getOwnPropertyDescriptor(Object.prototype, name);
    if (property !== undefined && Reflect.deleteProperty(Object.prototype, name))
      hidden.push([name, property]);
  }
  try {
    return start();
  } finally {
    for (const [name, property] of hidden) Object.defineProperty(Object.prototype, name, property);
  }
}
