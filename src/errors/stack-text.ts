/**
 * Stacks as text. A program may format them in a way of its own (`Error.prepareStackTrace`): then a stack may
 * be anything, and reading it may throw, as with a source map that is damaged.
 */

/** @returns undefined: it is no text, or cannot be read */
export function stackText(holder: { readonly stack?: unknown }): string | undefined {
  try {
    const { stack } = holder;
    return typeof stack === 'string' ? stack : undefined;
  } catch {
    return undefined;
  }
}

/** A function or a class. */
export type Callable = ((...args: never[]) => unknown) | (abstract new (...args: never[]) => unknown);

/**
 * Gives an object the stack of its caller.
 * @param below frames above this function, and its own, are left out
 */
export function captureStack(holder: object, below: Callable): void {
  try {
    Error.captureStackTrace(holder, below);
  } catch {
    // The formatter has failed, or a hardened program has removed the function.
  }
}
