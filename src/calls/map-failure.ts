/** How the error of a map says which item it is of. */

/** The item whose failure has ended a map. */
export interface FailedItem {
  /** Its place in the source, from 0. */
  readonly index: number;
  readonly item: unknown;
}

/**
 * Gives the error `index` and `item`, unless that would change anything of its own. They are not enumerable:
 * the error still equals and prints as the one that was thrown.
 */
export function markFailure(error: unknown, { index, item }: FailedItem): void {
  try {
    if (typeof error !== 'object' || error === null || 'index' in error || 'item' in error) return;
    if (!Object.isExtensible(error)) return;
    define(error, 'index', index);
    define(error, 'item', item);
  } catch {
    // A proxy that resists.
  }
}

function define(error: object, name: string, value: unknown): void {
  Object.defineProperty(error, name, { value, enumerable: false, writable: true, configurable: true });
}
