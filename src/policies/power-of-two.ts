import { pendingPerWeight, type WorkerView } from './policy.js';
import { RandomChoice } from './support/random-choice.js';

/**
 * Draws two different available workers by weight, and selects the one with the lesser (pending + 1) /
 * weight: M. Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing" (2001); Finagle's P2C.
 *
 * `select` and `update` O(log workers).
 */
export class PowerOfTwo extends RandomChoice {
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
