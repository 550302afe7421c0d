import { type HeapEntry, IndexedHeap } from '../../collections/indexed-heap.js';
import type { WorkerView } from '../policy.js';

/** A worker's entry in a heap. */
interface WorkerEntry extends HeapEntry {
  readonly worker: WorkerView;
}

interface Entry extends WorkerEntry {
  /** `pending` at the last update: if it has risen since, the worker was given a request; at 0 it is idle. */
  pending: number;
}

/**
 * Workers by load, the least loaded on top.
 *
 * Unavailable workers have the key Infinity: if the top is unavailable, all are, so that this is known in
 * O(1). Of equally loaded workers that are busy, the one that was given a request longest ago comes first. Of
 * idle ones, the one that became idle last: its thread has not gone to sleep yet, its code is compiled and its
 * caches are warm; and those that are not needed stay idle, so that an elastic pool can end them.
 */
export class WorkerHeap {
  readonly #heap = new IndexedHeap<Entry>();
  readonly #entries = new Map<number, Entry>();
  #turn = 0;
  // A select is mostly followed by an update of the same worker, which then needs no look-up.
  #latest: Entry | undefined;

  /** Number of workers, available or not. */
  get size(): number {
    return this.#heap.size;
  }

  /** @param load a finite number. O(log n) */
  add(worker: WorkerView, load: number): void {
    if (this.#entries.has(worker.id)) {
      this.update(worker, load);
      return;
    }
    const entry = { worker, pending: worker.pending, key: Infinity, order: 0, index: -1 };
    if (worker.available) entry.key = load;
    this.#entries.set(worker.id, entry);
    this.#heap.insert(entry);
  }

  /** O(log n). */
  remove(worker: WorkerView): void {
    const entry = this.#entries.get(worker.id);
    if (entry === undefined) return;
    this.#entries.delete(worker.id);
    if (this.#latest === entry) this.#latest = undefined;
    this.#heap.delete(entry);
  }

  /** O(log n); O(1) when nothing has changed. */
  update(worker: WorkerView, load: number): void {
    const entry = this.#latest?.worker === worker ? this.#latest : this.#entries.get(worker.id);
    if (entry === undefined) return;
    const key = worker.available ? load : Infinity;
    const { pending } = worker;
    const before = entry.pending;
    entry.pending = pending;
    if (pending > before) entry.order = ++this.#turn;
    else if (pending < before && pending === 0) entry.order = -++this.#turn;
    else if (entry.key === key) return;
    entry.key = key;
    this.#heap.update(entry);
  }

  /** The least loaded available worker. O(1). */
  top(): WorkerView | undefined {
    const entry = this.#heap.top();
    if (entry === undefined || entry.key === Infinity) return undefined;
    this.#latest = entry;
    return entry.worker;
  }

  /** Throws if heap, indexes and workers disagree. For tests. O(n). */
  verify(): void {
    verifyWorkers(this.#heap, this.#entries);
  }
}

/**
 * Throws if heap, indexes and workers disagree; exactly the unavailable workers have the key Infinity. For
 * tests. O(n).
 */
export function verifyWorkers<T extends WorkerEntry>(
  heap: IndexedHeap<T>,
  entries: ReadonlyMap<number, T>,
): void {
  heap.verify();
  if (heap.size !== entries.size) {
    throw new Error(`${heap.size} in the heap, ${entries.size} known by id`);
  }
  for (const { worker, key } of entries.values()) {
    if (worker.available === (key === Infinity)) throw new Error(`worker ${worker.id}: missed an update`);
  }
}
