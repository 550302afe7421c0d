/**
 * Into which bucket of a histogram a time goes. Used by both sides.
 *
 * As in HdrHistogram (Gil Tene), each power of two is divided into 64 equal parts, so that a value is known to
 * within 1.6 %, and the least ones to within 0.06 µs. Which bucket a value is in stands in the first bits of
 * its float64: its exponent, and six bits of its fraction.
 */

const SUB_BITS = 6;
/** Buckets of each power of two. */
export const SUBS = 2 ** SUB_BITS;
/** Exponent of the least value that is told from 0: 61 ns. */
const LEAST = -14;
/** A value, and the upper half of its float64: sign, exponent, 20 bits of the fraction. */
const value = new Float64Array(1);
const words = new Int32Array(value.buffer);
const UPPER = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;
const SHIFT = 20 - SUB_BITS;
const FIRST = (1023 + LEAST) * SUBS;

/** Number of buckets for values below a power of two, in ms. @param exponent of that power */
export function bucketsBelow(exponent: number): number {
  return SUBS * (exponent - LEAST);
}

/**
 * Index of the bucket of a value, from 0; there is no last one. Calls nothing: threads use it between tasks, and
 * a task may have replaced `Math.max`.
 */
export function bucketOf(ms: number): number {
  value[0] = ms;
  const bucket = ((words[UPPER] as number) >> SHIFT) - FIRST;
  if (bucket < 0) return 0;
  return bucket;
}

/** Bounds of a bucket, in ms: its values are from `from`, and below `to`. */
export function boundsOf(bucket: number): { readonly from: number; readonly to: number } {
  return { from: bucket === 0 ? 0 : beginOf(bucket), to: beginOf(bucket + 1) };
}

function beginOf(bucket: number): number {
  return 2 ** (LEAST + Math.floor(bucket / SUBS)) * (1 + (bucket % SUBS) / SUBS);
}
