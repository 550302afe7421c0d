/** Errors that are made without capturing a stack, which is faster. */

/** Calls a function that creates errors whose stack is to be their message alone. */
export function withoutFrames<T>(create: () => T): T {
  return withLimit(0, create);
}

/**
 * Calls a function that creates an error whose stack will be replaced; it has none before. Node 20 formats a
 * stack that is replaced, by a function of the program's (`Error.prepareStackTrace`), which may throw.
 */
export function withoutStack<T>(create: () => T): T {
  return withLimit(undefined, create);
}

/** Where `Error` is frozen, as in hardened programs, the stack is captured nevertheless. */
function withLimit<T>(frames: number | undefined, create: () => T): T {
  const limit = Error.stackTraceLimit;
  // An assignment would throw where `Error` is frozen.
  Reflect.set(Error, 'stackTraceLimit', frames);
  try {
    return create();
  } finally {
    Reflect.set(Error, 'stackTraceLimit', limit);
  }
}
