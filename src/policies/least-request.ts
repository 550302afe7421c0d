import { defaultsOf, type Fields, integerFrom, type Resolved } from '../options/validate.js';
import { type PolicyContext, pendingPerWeight, type WorkerView } from './policy.js';
import { RandomChoice } from './support/random-choice.js';

/** Options of `least-request`. */
export interface LeastRequestConfig {
  /** How many workers are drawn for each request: an integer ≥ 2; more than 10 counts as 10. Default 2. */
  readonly choiceCount?: number;
}

export const LEAST_REQUEST_FIELDS: Fields<Resolved<LeastRequestConfig>> = {
  choiceCount: [2, integerFrom(2)],
};

const MAX_CHOICES = 10;

/**
 * Draws `choiceCount` available workers, possibly one of them repeatedly, and selects the one with the fewest
 * pending requests; of equals, the first. gRPC's `least_request_experimental` (gRFC A48), after Envoy.
 *
 * A48 has no weights. Here workers are drawn by weight, and (pending + 1) / weight is compared: the same if
 * all weights are 1.
 *
 * `select` O(choiceCount × log workers), `update` O(log workers).
 */
export class LeastRequest extends RandomChoice {
  override readonly name = 'least-request';
  readonly #choiceCount: number;

  constructor(
    context: PolicyContext,
    config: Resolved<LeastRequestConfig> = defaultsOf(LEAST_REQUEST_FIELDS),
  ) {
    super(context);
    this.#choiceCount = Math.min(config.choiceCount, MAX_CHOICES);
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
