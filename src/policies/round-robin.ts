import { type HeapEntry, IndexedHeap } from '../collections/indexed-heap.js';
import type { Policy, WorkerView } from './policy.js';

/** The workers of one weight. */
interface WeightClass {
  readonly weight: number;
  /** Credit of each available member: it grows by the weight in every round. */
  credit: number;
  /** The available members by debt, the highest current weight on top. */
  readonly available: IndexedHeap<Entry>;
  /** Number of workers, available or not. */
  size: number;
}

interface Entry extends HeapEntry {
  readonly worker: WorkerView;
  weightClass: WeightClass;
  /** The current weight while unavailable; as in nginx, it does not change then. */
  current: number;
}

/**
 * Selects the workers in turn; with weights, by nginx's smooth weighted round robin
 * (`ngx_http_upstream_get_peer`). In each round the current weight of every available worker grows by its
 * weight; the worker with the highest one, the first of equals, is selected and pays the sum of all weights.
 * 5, 1, 1 gives a a b a c a a, not a a a a a b c.
 *
 * nginx visits all workers in each round. Here the workers of one weight share their credit, so that only the
 * tops of the heaps are compared: current weight = credit of the class - debt of the worker (`key`), and only
 * the selected worker's debt changes. `select` O(different weights + log workers), `update` O(1) unless
 * availability or weight has changed.
 */
export class RoundRobin implements Policy {
  readonly name = 'round-robin';
  readonly pins = false;
  readonly #entries = new Map<number, Entry>();
  readonly #classes: WeightClass[] = [];
  #total = 0;
  #added = 0;

  add(worker: WorkerView): void {
    if (this.#entries.has(worker.id)) {
      this.update(worker);
      return;
    }
    const weightClass = this.#join(worker.weight);
    // The key starts as a fraction, so that V8 keeps the field as a double from the beginning.
    const entry: Entry = { worker, weightClass, current: 0, key: 0.5, order: this.#added++, index: -1 };
    this.#entries.set(worker.id, entry);
    if (worker.available) this.#enter(entry);
  }

  remove(worker: WorkerView): void {
    const entry = this.#entries.get(worker.id);
    if (entry === undefined) return;
    if (entry.index >= 0) this.#leave(entry);
    this.#quit(entry.weightClass);
    this.#entries.delete(worker.id);
  }

  select(): WorkerView | undefined {
    const classes = this.#classes;
    let selected: Entry | undefined;
    let highest = -Infinity;
    for (let i = 0; i < classes.length; i++) {
      const weightClass = classes[i]!;
      const entry = weightClass.available.top();
      if (entry === undefined) continue;
      weightClass.credit += weightClass.weight;
      const current = weightClass.credit - entry.key;
      if (current > highest || (current === highest && entry.order < selected!.order)) {
        selected = entry;
        highest = current;
      }
    }
    if (selected === undefined) return undefined;
    selected.key += this.#total;
    selected.weightClass.available.update(selected);
    return selected.worker;
  }

  update(worker: WorkerView): void {
    const entry = this.#entries.get(worker.id);
    if (entry === undefined) return;
    const sameWeight = entry.weightClass.weight === worker.weight;
    if (worker.available === entry.index >= 0 && sameWeight) return;
    if (entry.index >= 0) this.#leave(entry);
    if (!sameWeight) {
      this.#quit(entry.weightClass);
      entry.weightClass = this.#join(worker.weight);
    }
    if (worker.available) this.#enter(entry);
  }

  /** The worker's current weight, nginx's `current_weight`; `undefined` if it is not in the set. */
  currentWeight(worker: WorkerView): number | undefined {
    const entry = this.#entries.get(worker.id);
    if (entry === undefined) return undefined;
    return entry.index >= 0 ? entry.weightClass.credit - entry.key : entry.current;
  }

  /** Throws if the classes are out of order. For tests. */
  verify(): void {
    let size = 0;
    for (const weightClass of this.#classes) {
      weightClass.available.verify();
      size += weightClass.size;
    }
    if (size !== this.#entries.size) throw new Error(`${size} in classes, ${this.#entries.size} known by id`);
    for (const { worker, index, weightClass } of this.#entries.values()) {
      if (worker.available !== index >= 0) throw new Error(`worker ${worker.id}: missed an update`);
      if (worker.weight !== weightClass.weight) throw new Error(`worker ${worker.id} is in the wrong class`);
    }
  }

  #join(weight: number): WeightClass {
    let weightClass = this.#classes.find((each) => each.weight === weight);
    if (weightClass === undefined) {
      weightClass = { weight, credit: 0, available: new IndexedHeap(), size: 0 };
      this.#classes.push(weightClass);
    }
    weightClass.size += 1;
    return weightClass;
  }

  #quit(weightClass: WeightClass): void {
    weightClass.size -= 1;
    if (weightClass.size === 0) this.#classes.splice(this.#classes.indexOf(weightClass), 1);
  }

  #enter(entry: Entry): void {
    entry.key = entry.weightClass.credit - entry.current;
    entry.weightClass.available.insert(entry);
    this.#sumUp();
  }

  #leave(entry: Entry): void {
    entry.current = entry.weightClass.credit - entry.key;
    entry.weightClass.available.delete(entry);
    this.#sumUp();
  }

  // Recomputed each time, since adding and subtracting fractions would leave a residue.
  #sumUp(): void {
    let total = 0;
    const classes = this.#classes;
    for (let i = 0; i < classes.length; i++) total += classes[i]!.weight * classes[i]!.available.size;
    this.#total = total;
  }
}
