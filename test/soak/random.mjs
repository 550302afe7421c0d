/**
 * Seeded random numbers: what request n is depends on the seed and on n alone, not on what happened before
 * it.
 */

/** A generator of numbers in [0, 1): mulberry32, with the helpers that a mixture needs. */
export class Random {
  #state;

  /** @param {number} seed @param {number} stream numbers of different streams have nothing in common */
  constructor(seed, stream = 0) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)) >>> 0;
    // Neighbouring streams begin alike.
    this.next();
    this.next();
  }

  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer from `least` to `most`. */
  integer(least, most) {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  /** True in so many of 100 cases. */
  percent(chance) {
    return this.next() * 100 < chance;
  }

  pick(list) {
    return list[this.integer(0, list.length - 1)];
  }
}

/** Draws from entries with weights. O(log n). */
export class Weighted {
  #entries;
  #ends = [];
  #total = 0;

  /** @param {{ weight: number }[]} entries */
  constructor(entries) {
    this.#entries = entries;
    for (const { weight } of entries) {
      this.#total += weight;
      this.#ends.push(this.#total);
    }
  }

  draw(random) {
    const at = random.next() * this.#total;
    let low = 0;
    let high = this.#ends.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ends[middle] > at) high = middle;
      else low = middle + 1;
    }
    return this.#entries[low];
  }
}
