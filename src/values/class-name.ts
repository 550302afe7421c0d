/**
 * For messages: the name of an object's class, or an empty text. An own property `constructor` is not
 * believed.
 */
export function classNameOf(value: object): string {
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === 'string' ? name : '';
}
