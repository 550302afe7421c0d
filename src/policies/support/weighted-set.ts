import type { WorkerView } from '../policy.js';

/**
 * The available workers, from which one can be drawn at random by weight.
 *
 * A binary tree of sums in one array: the leaves are the weights (0: unavailable), each node is the sum of
 * its two children.
 *
 *      [1] 9
 *      [2] 4        [3] 5
 *      [4] 1 [5] 3  [6] 5 [7] 0
 *
 * Draws and updates are O(log workers) and allocate nothing. Sums are recomputed from both children, never
 * changed by a difference, so that fractions leave no residue.
 */
export class WeightedSet {
  /** Slots by worker id. */
  readonly #slots = new Map<number, number>();
  readonly #free: number[] = [];
  #workers: (WorkerView | undefined)[] = [];
  #sums = new Float64Array(2);
  #leaves = 1;
  #available = 0;

  /** Number of workers, available or not. */
  get size(): number {
    return this.#slots.size;
  }

  /** Number of available workers. */
  get available(): number {
    return this.#available;
  }

  add(worker: WorkerView): void {
    if (!this.#slots.has(worker.id)) {
      const slot = this.#free.pop() ?? this.#workers.length;
      if (slot >= this.#leaves) this.#grow();
      this.#workers[slot] = worker;
      this.#slots.set(worker.id, slot);
    }
    this.update(worker);
  }

  remove(worker: WorkerView): void {
    const slot = this.#slots.get(worker.id);
    if (slot === undefined) return;
    this.#set(slot, 0);
    this.#slots.delete(worker.id);
    this.#workers[slot] = undefined;
    this.#free.push(slot);
  }

  /** O(1) if neither weight nor availability has changed. */
  update(worker: WorkerView): void {
    const slot = this.#slots.get(worker.id);
    if (slot !== undefined) this.#set(slot, worker.available ? worker.weight : 0);
  }

  /** Draws a slot; `random` in [0, 1). At least one worker must be available. */
  draw(random: number): number {
    return this.#find(random * this.#sums[1]!);
  }

  /** Draws another slot than the given one; `random` in [0, 1). At least two workers must be available. */
  drawOther(random: number, than: number): number {
    // Takes the other slot out and puts it back. Calculating around it would sometimes draw it again, by
    // rounding.
    const weight = this.#sums[this.#leaves + than]!;
    this.#set(than, 0);
    const slot = this.draw(random);
    this.#set(than, weight);
    return slot;
  }

  /** The worker in a drawn slot. */
  at(slot: number): WorkerView {
    return this.#workers[slot]!;
  }

  /** Throws if sums, slots and workers disagree. For tests. O(n). */
  verify(): void {
    for (let node = 1; node < this.#leaves; node++) {
      if (this.#sums[node] !== this.#sums[2 * node]! + this.#sums[2 * node + 1]!)
        throw new Error(`sum ${node} is wrong`);
    }
    let available = 0;
    for (let slot = 0; slot < this.#leaves; slot++) {
      const worker = this.#workers[slot];
      if (worker !== undefined && this.#slots.get(worker.id) !== slot)
        throw new Error(`slot ${slot} is stale`);
      const weight = worker?.available ? worker.weight : 0;
      if (this.#sums[this.#leaves + slot] !== weight) throw new Error(`slot ${slot} has the wrong weight`);
      if (weight > 0) available += 1;
    }
    if (available !== this.#available) throw new Error(`${available} available, counted ${this.#available}`);
  }

  #set(slot: number, weight: number): void {
    const sums = this.#sums;
    let node = this.#leaves + slot;
    const old = sums[node]!;
    if (old === weight) return;
    if (old === 0) this.#available += 1;
    else if (weight === 0) this.#available -= 1;
    sums[node] = weight;
    for (node >>= 1; node >= 1; node >>= 1) sums[node] = sums[2 * node]! + sums[2 * node + 1]!;
  }

  #find(point: number): number {
    const sums = this.#sums;
    let rest = point;
    let node = 1;
    while (node < this.#leaves) {
      node *= 2;
      // Rounding may put the point past the last weight: an empty branch must never be entered nevertheless.
      if (rest >= sums[node]! && sums[node + 1]! > 0) {
        rest -= sums[node]!;
        node += 1;
      }
    }
    return node - this.#leaves;
  }

  #grow(): void {
    const old = this.#sums.subarray(this.#leaves);
    this.#leaves *= 2;
    this.#sums = new Float64Array(2 * this.#leaves);
    this.#sums.set(old, this.#leaves);
    for (let node = this.#leaves - 1; node >= 1; node--) {
      this.#sums[node] = this.#sums[2 * node]! + this.#sums[2 * node + 1]!;
    }
  }
}
