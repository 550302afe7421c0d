/**
 * Three digits, thousands with a comma: `1,350`, `18.4`, `0.0123`.
 * @param {number} value
 */
export function figure(value) {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

/**
 * Median and, in brackets, least to greatest.
 * @param {import('./stats.mjs').Spread} spread
 */
export function withSpread(spread) {
  return `${figure(spread.median)} (${figure(spread.min)}–${figure(spread.max)})`;
}

/** @param {number} share 0 to 1 */
export function percent(share) {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}
