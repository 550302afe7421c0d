/** A seeded source of decisions: the same seed asks for the same requests in the same order. */
import { seeded } from '../../bench/lib/random.mjs';

export class Draw {
  #random;

  constructor(seed) {
    this.#random = seeded(seed);
  }

  chance(probability) {
    return this.#random() < probability;
  }

  /** From `from` to `to`, both included. */
  integer(from, to) {
    return from + Math.floor(this.#random() * (to - from + 1));
  }

  one(list) {
    return list[this.integer(0, list.length - 1)];
  }

  /** Mostly near `low`, now and then up to `high` (bounded Pareto of shape 1). */
  heavyTail(low, high) {
    return low / (1 - this.#random() * (1 - low / high));
  }

  /** One of the entries, each as often as its `share`. */
  byShare(entries) {
    const total = entries.reduce((sum, { share }) => sum + share, 0);
    let left = this.#random() * total;
    for (const entry of entries) {
      left -= entry.share;
      if (left < 0) return entry;
    }
    return entries.at(-1);
  }
}
