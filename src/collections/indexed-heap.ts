/** An element. Its owner changes `key` and `order`, then calls `update`; `index` belongs to the heap. */
export interface HeapEntry {
  /** The least is on top. Infinity comes last. */
  key: number;
  /** Among equal keys the least comes first. */
  order: number;
  /** Position in the heap's array; -1 if it is not in the heap. */
  index: number;
}

function before(a: HeapEntry, b: HeapEntry): boolean {
  return a.key < b.key || (a.key === b.key && a.order < b.order);
}

/**
 * A binary min-heap by `key`, then `order`, whose elements know their index, so that they can be updated and
 * removed at any position.
 *
 * Only `#siftUp` and `#siftDown` move elements, and maintain `index`. They run twice for each request, so
 * they compare by themselves.
 */
export class IndexedHeap<T extends HeapEntry> {
  readonly #entries: T[] = [];

  /** Number of elements. */
  get size(): number {
    return this.#entries.length;
  }

  /** The least element; it stays in the heap. O(1). */
  top(): T | undefined {
    return this.#entries.length === 0 ? undefined : this.#entries[0];
  }

  /** O(log n). */
  insert(entry: T): void {
    this.#entries.push(entry);
    this.#siftUp(this.#entries.length - 1);
  }

  /** To be called after the entry's `key` or `order` has changed. O(log n). */
  update(entry: T): void {
    const index = entry.index;
    this.#siftUp(index);
    if (entry.index === index) this.#siftDown(index);
  }

  /** @param entry must be in the heap. O(log n) */
  delete(entry: T): void {
    const index = entry.index;
    const last = this.#entries.pop()!;
    entry.index = -1;
    if (last === entry) return;
    this.#entries[index] = last;
    last.index = index;
    this.update(last);
  }

  /** Throws if an element comes before its parent or does not know its index. For tests. O(n). */
  verify(): void {
    this.#entries.forEach((entry, index, array) => {
      if (entry.index !== index) throw new Error(`the element at ${index} believes it is at ${entry.index}`);
      if (Number.isNaN(entry.key)) throw new Error(`the key at ${index} is NaN`);
      const parent = array[(index - 1) >> 1];
      if (index > 0 && before(entry, parent!))
        throw new Error(`the element at ${index} comes before its parent`);
    });
  }

  #siftUp(start: number): void {
    const array = this.#entries;
    const entry = array[start]!;
    let index = start;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = array[parentIndex]!;
      if (!before(entry, parent)) break;
      array[index] = parent;
      parent.index = index;
      index = parentIndex;
    }
    array[index] = entry;
    entry.index = index;
  }

  #siftDown(start: number): void {
    const array = this.#entries;
    const length = array.length;
    const entry = array[start]!;
    let index = start;
    for (;;) {
      let childIndex = 2 * index + 1;
      if (childIndex >= length) break;
      let child = array[childIndex]!;
      if (childIndex + 1 < length && before(array[childIndex + 1]!, child)) {
        childIndex += 1;
        child = array[childIndex]!;
      }
      if (!before(child, entry)) break;
      array[index] = child;
      child.index = index;
      index = childIndex;
    }
    array[index] = entry;
    entry.index = index;
  }
}
