import type { Policy, PolicyContext, WorkerView } from './policy.js';
import { WorkerHeap } from './support/worker-heap.js';

/** Options of `pick-first`. */
export interface PickFirstConfig {
  /** Take the workers in a random order rather than the one in which they came. Default false. */
  readonly shuffleAddressList?: boolean;
}

/**
 * The first worker that has room (gRPC's `pick_first`): as few workers as possible get all the work, and the others
 * stay idle. Weights have no effect.
 *
 * `select` O(1), `update` O(1), or O(log workers) when the worker fills up or has room again.
 */
export class PickFirst implements Policy {
  readonly name = 'pick-first';
  readonly pins = false;
  readonly #heap = new WorkerHeap();
  readonly #places = new Map<number, number>();
  readonly #shuffle: boolean;
  readonly #context: PolicyContext;
  #next = 0;

  constructor(context: PolicyContext, config: PickFirstConfig = {}) {
    this.#context = context;
    this.#shuffle = config.shuffleAddressList ?? false;
  }

  add(worker: WorkerView): void {
    let place = this.#places.get(worker.id);
    if (place === undefined) {
      place = this.#shuffle ? this.#context.random() : this.#next++;
      this.#places.set(worker.id, place);
    }
    this.#heap.add(worker, place);
  }

  remove(worker: WorkerView): void {
    this.#places.delete(worker.id);
    this.#heap.remove(worker);
  }

  select(): WorkerView | undefined {
    return this.#heap.top();
  }

  update(worker: WorkerView): void {
    const place = this.#places.get(worker.id);
    if (place !== undefined) this.#heap.update(worker, place);
  }

  /** Throws if the heap is out of order. For tests. */
  verify(): void {
    this.#heap.verify();
  }
}
