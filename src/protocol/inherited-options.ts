/**
 * Options that Node's `new Worker` reads and Piscina does not set, and those of event listeners, which Node reads of an
 * object of its own where it makes a port, or listens to one.
 */
const OPEN_OPTIONS = [
  ...['eval', 'name', 'stderr', 'stdin', 'stdout', 'transferList'],
  ...['once', 'passive', 'capture', 'signal'],
];

/**
 * Starts a thread, makes a port or listens to one, while `Object.prototype` has none of these options: a polluted
 * prototype would set them. `start` must not run code of the program.
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
