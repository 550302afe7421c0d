import type { Policy, PolicyContext, WorkerView } from './policy.js';
import { WeightedSet } from './weighted-set.js';

/**
 * Two different available workers at random, of which the one with the lesser (pending + 1) / weight: M. Mitzenmacher,
 * "The Power of Two Choices in Randomized Load Balancing" (2001); Finagle's P2C. Workers are drawn by weight.
 *
 * `select` and `update` O(log workers).
 */
export class PowerOfTwo implements Policy {
  readonly name = 'power-of-two';
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
    const set = this.#set;
    if (set.available === 0) return undefined;
    const slot = set.draw(this.#context.random());
    const first = set.at(slot);
    if (set.available === 1) return first;
    const second = set.at(set.drawOther(this.#context.random(), slot));
    return (second.pending + 1) / second.weight < (first.pending + 1) / first.weight ? second : first;
  }

  update(worker: WorkerView): void {
    this.#set.update(worker);
  }

  /** Throws if the set is out of step with its workers. For tests. */
  verify(): void {
    this.#set.verify();
  }
}
