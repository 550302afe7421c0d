import { pendingPerWeight, type WorkerView } from './policy.js';
import { Drawing } from './support/random-choice.js';

/**
 * Two different available workers at random, of which the one with the lesser (pending + 1) / weight: M. Mitzenmacher,
 * "The Power of Two Choices in Randomized Load Balancing" (2001); Finagle's P2C. Workers are drawn by weight.
 *
 * `select` and `update` O(log workers).
 */
export class PowerOfTwo extends Drawing {
  override readonly name = 'power-of-two';

  override select(): WorkerView | undefined {
    const { set } = this;
    if (set.available === 0) return undefined;
    const slot = set.draw(this.random());
    const first = set.at(slot);
    if (set.available === 1) return first;
    const second = set.at(set.drawOther(this.random(), slot));
    return pendingPerWeight(second) < pendingPerWeight(first) ? second : first;
  }
}
