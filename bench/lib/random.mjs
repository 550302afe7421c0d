/**
 * Mulberry32: a small seeded generator, so that every rival meets the same arrivals and sizes.
 * @param {number} seed
 * @returns {() => number} uniform in [0, 1)
 */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Exponential with the given mean: the gaps between Poisson arrivals.
 * @param {() => number} random
 * @param {number} mean
 */
export function exponential(random, mean) {
  return -mean * Math.log(1 - random());
}

/**
 * Bounded Pareto by inversion of its distribution function: the heavy tail of real service times
 * (Harchol-Balter, "Performance Modeling and Design of Computer Systems", chapter 20).
 * @param {() => number} random
 * @param {{ shape: number, low: number, high: number }} parameters
 */
export function boundedPareto(random, { shape, low, high }) {
  const cut = 1 - (low / high) ** shape;
  return low / (1 - random() * cut) ** (1 / shape);
}

/** @param {{ shape: number, low: number, high: number }} parameters */
export function boundedParetoMean({ shape, low, high }) {
  const cut = 1 - (low / high) ** shape;
  return ((low ** shape / cut) * shape * (low ** (1 - shape) - high ** (1 - shape))) / (shape - 1);
}
