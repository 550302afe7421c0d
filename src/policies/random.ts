import type { WorkerView } from './policy.js';
import { RandomChoice } from './support/random-choice.js';

/**
 * Selects an available worker at random, with a probability in proportion to its weight.
 *
 * `select` and `update` O(log workers).
 */
export class Random extends RandomChoice {
  override readonly name = 'random';

  override select(): WorkerView | undefined {
    if (this.set.available === 0) return undefined;
    return this.set.at(this.set.draw(this.random()));
  }
}
