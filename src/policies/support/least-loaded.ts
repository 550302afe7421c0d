import type { Policy, WorkerView } from '../policy.js';
import { WorkerHeap } from './worker-heap.js';

/**
 * Selects the available worker with the least load, for loads that follow from the worker's numbers alone.
 * Ties: see `WorkerHeap`.
 *
 * `select` O(1), `update` O(log workers).
 */
export class LeastLoaded implements Policy {
  readonly name: string;
  readonly pins = false;
  readonly #heap = new WorkerHeap();
  readonly #load: (worker: WorkerView) => number;

  /** @param load the worker's load with one more request: a finite number */
  constructor(name: string, load: (worker: WorkerView) => number) {
    this.name = name;
    this.#load = load;
  }

  add(worker: WorkerView): void {
    this.#heap.add(worker, this.#load(worker));
  }

  remove(worker: WorkerView): void {
    this.#heap.remove(worker);
  }

  select(): WorkerView | undefined {
    return this.#heap.top();
  }

  update(worker: WorkerView): void {
    this.#heap.update(worker, this.#load(worker));
  }

  /** Throws if the heap is out of order. For tests. */
  verify(): void {
    this.#heap.verify();
  }
}
