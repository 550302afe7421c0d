import type { Policy, PolicyContext, WorkerView } from './policy.js';
import { WeightedSet } from './weighted-set.js';

/**
 * Any available worker, each with a probability in proportion to its weight.
 *
 * `select` and `update` O(log workers).
 */
export class Random implements Policy {
  readonly name = 'random';
  readonly pins = false;
  readonly #set = new WeightedSet();
  readonly #context: PolicyContext;

  constructor(context: PolicyContext) {
    this.#context = context;
  }

  add(worker: WorkerView): void {
    this.#set.add(worker);
  }

  remove(worker: WorkerView): void {
    this.#set.remove(worker);
  }

  select(): WorkerView | undefined {
    if (this.#set.available === 0) return undefined;
    return this.#set.at(this.#set.draw(this.#context.random()));
  }

  update(worker: WorkerView): void {
    this.#set.update(worker);
  }

  /** Throws if the set is out of step with its workers. For tests. */
  verify(): void {
    this.#set.verify();
  }
}
