import type { Policy, WorkerView } from './policy.js';
import { WorkerHeap } from './worker-heap.js';

/** What the worker's pending would be with the request, in units of its weight. */
function load(worker: WorkerView): number {
  return (worker.pending + 1) / worker.weight;
}

/**
 * The worker with the fewest pending requests: Rob Pike's balancer ("Concurrency is not Parallelism", 2012).
 * With weights, the least (pending + 1) / weight. Ties rotate.
 *
 * `select` O(1), `update` O(log workers).
 */
export class LeastPending implements Policy {
  readonly name = 'least-pending';
  readonly pins = false;
  readonly #heap = new WorkerHeap();

  add(worker: WorkerView): void {
    this.#heap.add(worker, load(worker));
  }

  remove(worker: WorkerView): void {
    this.#heap.remove(worker);
  }

  select(): WorkerView | undefined {
    return this.#heap.top();
  }

  update(worker: WorkerView): void {
    this.#heap.update(worker, load(worker));
  }

  /** Throws if the heap is out of order. For tests. */
  verify(): void {
    this.#heap.verify();
  }
}
