import { BOOLEAN, defaultsOf, type Fields, type Resolved } from '../options/validate.js';
import type { Policy, PolicyContext, WorkerView } from './policy.js';
import { WorkerHeap } from './support/worker-heap.js';

/** Options of `pick-first`. */
export interface PickFirstConfig {
  /** Whether workers are ordered at random, instead of by the time they came. Default false. */
  readonly shuffleAddressList?: boolean;
}

export const PICK_FIRST_FIELDS: Fields<Resolved<PickFirstConfig>> = { shuffleAddressList: [false, BOOLEAN] };

/**
 * Selects the first available worker (gRPC's `pick_first`): as few workers as possible do all the work, and
 * the others stay idle. Weights have no effect.
 *
 * `select` O(1); `update` O(1), or O(log workers) if the worker's availability has changed.
 */
export class PickFirst implements Policy {
  readonly name = 'pick-first';
  readonly pins = false;
  readonly #heap = new WorkerHeap();
  readonly #places = new Map<number, number>();
  readonly #shuffle: boolean;
  readonly #context: PolicyContext;
  #next = 0;

  constructor(context: PolicyContext, config: Resolved<PickFirstConfig> = defaultsOf(PICK_FIRST_FIELDS)) {
    this.#context = context;
    this.#shuffle = config.shuffleAddressList;
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
