/** A binary heap. */
export class Heap<T> {
  readonly #compare: (a: T, b: T) => number;
  readonly #items: T[] = [];

  /** @param compare as for `Array.prototype.sort`: the first item is on top */
  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  /** The top, which stays in the heap. O(1). */
  peek(): T | undefined {
    // Beyond its end a list shows what `Object.prototype` has been polluted with.
    return this.#items.length === 0 ? undefined : this.#items[0];
  }

  /** O(log n). */
  push(item: T): void {
    const items = this.#items;
    let index = items.length;
    items.push(item);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.#compare(item, items[parent]!) >= 0) break;
      items[index] = items[parent]!;
      index = parent;
    }
    items[index] = item;
  }

  /** Takes the top away. O(log n). */
  pop(): T | undefined {
    const items = this.#items;
    const last = items.pop();
    if (items.length === 0) return last;
    const top = items[0];
    const item = last as T;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && this.#compare(items[child + 1]!, items[child]!) < 0) child++;
      if (this.#compare(items[child]!, item) >= 0) break;
      items[index] = items[child]!;
      index = child;
    }
    items[index] = item;
    return top;
  }

  clear(): void {
    this.#items.length = 0;
  }

  addAll(items: Iterable<T>): void {
    for (const item of items) this.push(item);
  }
}
