/** Names that functions have: a `name` may be anything, since a program can define it anew. */

const MAX_LENGTH = 200;

/** A function's name; `(anonymous)` if it has none, or one that is no text or cannot be read. */
export function functionName(fn: { readonly name: unknown }): string {
  try {
    const { name } = fn;
    return typeof name === 'string' && name !== '' ? name : '(anonymous)';
  } catch {
    return '(anonymous)';
  }
}

/** The name as messages and stacks have it. */
export function shortName(fn: { readonly name: unknown }): string {
  const name = functionName(fn);
  // Not half of a pair of surrogates.
  return name.length <= MAX_LENGTH ? name : name.slice(0, MAX_LENGTH).replace(/[\ud800-\udbff]$/, '');
}
