import type { Policy, PolicyContext, WorkerView } from '../policy.js';
import { WeightedSet } from './weighted-set.js';

/** Base of the policies that draw available workers at random, by weight. `update` O(log workers). */
export abstract class RandomChoice implements Policy {
  abstract readonly name: string;
  readonly pins = false;
  protected readonly set = new WeightedSet();
  readonly #context: PolicyContext;

  constructor(context: PolicyContext) {
    this.#context = context;
  }

  add(worker: WorkerView): void {
    this.set.add(worker);
  }

  remove(worker: WorkerView): void {
    this.set.remove(worker);
  }

  abstract select(): WorkerView | undefined;

  update(worker: WorkerView): void {
    this.set.update(worker);
  }

  /** Throws if the set and its workers disagree. For tests. */
  verify(): void {
    this.set.verify();
  }

  /** Uniform in [0, 1). */
  protected random(): number {
    return this.#context.random();
  }
}
