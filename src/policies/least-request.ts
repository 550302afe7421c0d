import { type PolicyContext, pendingPerWeight, type WorkerView } from './policy.js';
import { Drawing } from './support/random-choice.js';

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
export class LeastRequest extends Drawing {
  override readonly name = 'least-request';
  readonly #choiceCount: number;

  constructor(context: PolicyContext, config: LeastRequestConfig = {}) {
    super(context);
    this.#choiceCount = Math.min(config.choiceCount ?? 2, MAX_CHOICES);
  }

  override select(): WorkerView | undefined {
    const { set } = this;
    if (set.available === 0) return undefined;
    let selected = set.at(set.draw(this.random()));
    let least = pendingPerWeight(selected);
    for (let i = 1; i < this.#choiceCount; i++) {
      const drawn = set.at(set.draw(this.random()));
      const load = pendingPerWeight(drawn);
      if (load < least) {
        selected = drawn;
        least = load;
      }
    }
    return selected;
  }
}
