/**
 * Bounds the items of a map that are under way: taken from the source, while the caller has not taken their
 * results.
 */

export interface MapLimits {
  /** Most items under way. */
  readonly most: number;
  /** Most bytes of their arguments or results; only beyond `least` items. */
  readonly bytes: number;
  /** Items that may be under way whatever their size. */
  readonly least: number;
}

/** Items between two looks at the limits: they follow the mean run time, which changes slowly. */
const ITEMS_PER_LOOK = 32;

export class MapBudget {
  readonly #currentLimits: () => MapLimits;
  #limits: MapLimits = { most: 0, bytes: 0, least: 0 };
  #itemsToLook = 0;
  #count = 0;
  /** Of arguments, for items that have no result yet, and of results. */
  #bytes = 0;

  constructor(currentLimits: () => MapLimits) {
    this.#currentLimits = currentLimits;
  }

  /** Items under way. */
  get count(): number {
    return this.#count;
  }

  /** Whether no item is under way. */
  get isUnused(): boolean {
    return this.#count === 0;
  }

  enter(bytes: number): void {
    this.#count++;
    this.#bytes += bytes;
  }

  /** The result of an item is larger than its arguments by that many bytes. */
  grow(bytes: number): void {
    this.#bytes += bytes;
  }

  leave(bytes: number): void {
    this.#count--;
    this.#bytes -= bytes;
  }

  /** Whether that many more items may be taken. */
  allows(more: number): boolean {
    if (this.#itemsToLook-- > 0 && !this.#isUsedUp(more)) return true;
    this.#limits = this.#currentLimits();
    this.#itemsToLook = ITEMS_PER_LOOK;
    return !this.#isUsedUp(more);
  }

  #isUsedUp(more: number): boolean {
    const { most, bytes, least } = this.#limits;
    return this.#count + more > most || (this.#bytes >= bytes && this.#count >= least);
  }
}
