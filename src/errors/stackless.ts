/**
 * Calls a function that creates an error whose stack will be replaced. Without capturing a stack it is
 * faster. Where `Error` is frozen, as in hardened programs, the stack is captured nevertheless.
 */
export function withoutStack<T>(create: () => T): T {
  const limit = Error.stackTraceLimit;
  // An assignment would throw where `Error` is frozen.
  Reflect.set(Error, 'stackTraceLimit', 0);
  try {
    return create();
  } finally {
    Reflect.set(Error, 'stackTraceLimit', limit);
  }
}
