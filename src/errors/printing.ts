/** Text about values that may resist being looked at. */
import { inspect } from 'node:util';

/** What `get` returns, or `undefined` if it throws. */
export function attempt<T>(get: () => T): T | undefined {
  try {
    return get();
  } catch {
    return undefined;
  }
}

/** A string as it is, anything else in print; `undefined` is the empty text. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined ? '' : print(value);
}

/** What a thrown value says: the message of an error, anything else as text. Anything may be thrown. */
export function messageOf(thrown: unknown): string {
  return attempt(() => String(thrown instanceof Error ? thrown.message : thrown)) ?? print(thrown);
}

/** Cuts a text off after `length` characters, and says so. */
export function limit(value: string, length: number): string {
  return value.length <= length
    ? value
    : `${value.slice(0, length)}… (${value.length - length} more characters)`;
}

export function print(value: unknown): string {
  const options = { depth: 2, maxArrayLength: 20, maxStringLength: 1_000, breakLength: Infinity };
  return limit(attempt(() => inspect(value, options)) ?? 'a value that cannot be shown', 10_000);
}
