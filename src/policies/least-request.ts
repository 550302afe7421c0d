import type { Policy, PolicyContext, WorkerView } from './policy.js';
import { WeightedSet } from './weighted-set.js';

/** Options of `least-request`. */
export interface LeastRequestConfig {
  /** How many workers are drawn for each request. An integer from 2; more than 10 is taken as 10. Default 2. */
  readonly choiceCount?: number;
}

const MAX_CHOICES = 10;

/**
 * Draws `choiceCount` available workers, the same one perhaps more than once, and takes the one with the fewest
 * pending requests, the first drawn of equals: gRPC's `least_request_experimental` (gRFC A48), after Envoy.
 *
 * A48 knows no weights; here workers are drawn by weight, and (pending + 1) / weight is compared, which is the same where
 * all weights are 1.
 *
 * `select` O(choiceCount × log workers), `update` O(log workers).
 */
export class LeastRequest implements Policy {
  readonly name = 'least-request';
  readonly pins = false;
  readonly #set = new WeightedSet();
  readonly #context: PolicyContext;
  readonly #choiceCount: number;

  constructor(context: PolicyContext, config: LeastRequestConfig = {}) {
    this.#context = context;
    this.#choiceCount = Math.min(config.choiceCount ?? 2, MAX_CHOICES);
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
    let selected = set.at(set.draw(this.#context.random()));
    let least = (selected.pending + 1) / selected.weight;
    for (let i = 1; i < this.#choiceCount; i++) {
      const drawn = set.at(set.draw(this.#context.random()));
      const load = (drawn.pending + 1) / drawn.weight;
      if (load < least) {
        selected = drawn;
        least = load;
      }
    }
    return selected;
  }

  update(worker: WorkerView): void {
    this.#set.update(worker);
  }

  /** Throws if the set is out of step with its workers. For tests. */
  verify(): void {
    this.#set.verify();
  }
}
