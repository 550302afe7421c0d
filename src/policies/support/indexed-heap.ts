import { Heap } from 'heap-js';

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

function compare(a: HeapEntry, b: HeapEntry): number {
  return before(a, b) ? -1 : before(b, a) ? 1 : 0;
}

/**
 * heap-js's binary heap, in which each element knows its index.
 *
 * All operations of heap-js move elements only by these two methods, so they are the only place that has to
 * maintain `index`, like `Swap` in Go's `container/heap`. They call `before` rather than the comparator,
 * since they run twice for each request.
 */
class TrackingHeap<T extends HeapEntry> extends Heap<T> {
  constructor() {
    super(compare);
  }

  override _sortNodeUp(start: number): void {
    const array = this.heapArray;
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

  override _sortNodeDown(start: number): void {
    const array = this.heapArray;
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

/** A min-heap by `key`, then `order`, whose elements can be updated and removed at any position. */
export class IndexedHeap<T extends HeapEntry> {
  readonly #heap = new TrackingHeap<T>();

  /** Number of elements. */
  get size(): number {
    return this.#heap.heapArray.length;
  }

  /** The least element; it stays in the heap. O(1). */
  top(): T | undefined {
    return this.#heap.heapArray[0];
  }

  /** O(log n). */
  insert(entry: T): void {
    this.#heap.add(entry);
  }

  /** To be called after the entry's `key` or `order` has changed. O(log n). */
  update(entry: T): void {
    const index = entry.index;
    this.#heap._sortNodeUp(index);
    if (entry.index === index) this.#heap._sortNodeDown(index);
  }

  /** @param entry must be in the heap. O(log n) */
  delete(entry: T): void {
    const index = entry.index;
    const last = this.#heap.heapArray.pop()!;
    entry.index = -1;
    if (last === entry) return;
    this.#heap.heapArray[index] = last;
    last.index = index;
    this.update(last);
  }

  /** Throws if an element comes before its parent or does not know its index. For tests. O(n). */
  verify(): void {
    this.#heap.heapArray.forEach((entry, index, array) => {
      if (entry.index !== index) throw new Error(`the element at ${index} believes it is at ${entry.index}`);
      if (Number.isNaN(entry.key)) throw new Error(`the key at ${index} is NaN`);
      const parent = array[(index - 1) >> 1];
      if (index > 0 && before(entry, parent!))
        throw new Error(`the element at ${index} comes before its parent`);
    });
  }
}
