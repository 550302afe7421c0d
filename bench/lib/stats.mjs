/**
 * @typedef {object} Spread
 * @property {number} median
 * @property {number} min
 * @property {number} max
 * @property {number} q1 first quartile
 * @property {number} q3 third quartile
 * @property {number[]} samples one per round, in the order of the rounds
 */

/**
 * Quantile with linear interpolation between neighbours (type 7 of Hyndman and Fan).
 * @param {ArrayLike<number>} sorted in ascending order, not empty
 * @param {number} q 0 to 1
 */
export function quantile(sorted, q) {
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below);
}

/** @param {ArrayLike<number>} values */
export function median(values) {
  return quantile(Float64Array.from(values).sort(), 0.5);
}

/** @param {ArrayLike<number>} values */
export function mean(values) {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

/**
 * @param {number[]} samples
 * @returns {Spread}
 */
export function spread(samples) {
  const sorted = Float64Array.from(samples).sort();
  return {
    median: quantile(sorted, 0.5),
    min: sorted[0],
    max: sorted[sorted.length - 1],
    q1: quantile(sorted, 0.25),
    q3: quantile(sorted, 0.75),
    samples,
  };
}

/**
 * The ratio to another rival, round by round, so that what slows both in one round cancels.
 * @param {Spread} of
 * @param {Spread} to
 */
export function ratio(of, to) {
  return spread(of.samples.map((sample, round) => sample / to.samples[round]));
}
