/** How the error of a map says which item it is of. */
import { defineOwn } from '../errors/define-own.js';

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
    defineOwn(error, 'index', index, false);
    defineOwn(error, 'item', item, false);
  } catch {
    // A proxy that resists.
  }
}
