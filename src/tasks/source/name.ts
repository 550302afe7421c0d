/** Names of functions. A program can redefine `name`, so it may be any value, or throw. */

const MAX_LENGTH = 200;

/** A function's name; `(anonymous)` if it has none, or if it is no string or cannot be read. */
export function functionName(fn: { readonly name: unknown }): string {
  try {
    const { name } = fn;
    return typeof name === 'string' && name !== '' ? name : '(anonymous)';
  } catch {
    return '(anonymous)';
  }
}

/** The name for messages and stacks, cut if it is long. */
export function shortName(fn: { readonly name: unknown }): string {
  const name = functionName(fn);
  // Does not leave half of a surrogate pair.
  return name.length <= MAX_LENGTH ? name : name.slice(0, MAX_LENGTH).replace(/[\ud800-\udbff]$/, '');
}
