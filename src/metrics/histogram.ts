/** A histogram of times. Its buckets are those of `protocol/buckets.ts`. */

import { boundsOf, bucketOf, bucketsBelow, SUBS } from '../protocol/buckets.js';
import type { Counts } from '../protocol/tally.js';

/** Times that are not told from larger ones: 2^33 ms, a hundred days. */
const LAST_BUCKET = bucketsBelow(33) - 1;

/** Times, in ms. All are 0 where `count` is. */
export interface Distribution {
  readonly count: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
}

export class Histogram implements Counts {
  /** As long as the largest value needs. */
  counts: Float64Array = new Float64Array(8 * SUBS);
  /** In ms. */
  sum = 0;

  /** O(buckets): `record` need not keep it. */
  get count(): number {
    let count = 0;
    for (let i = 0; i < this.counts.length; i++) count += this.counts[i] as number;
    return count;
  }

  /** Counts a value, or several equal ones. O(1), 5 ns. @param ms ≥ 0 */
  record(ms: number, times = 1): void {
    const bucket = Math.min(bucketOf(ms), LAST_BUCKET);
    if (bucket >= this.counts.length) this.#grow(bucket);
    (this.counts[bucket] as number) += times;
    this.sum += ms * times;
  }

  /** Adds the counts of another one. */
  add({ counts, sum }: Counts): void {
    let { length } = counts;
    while (length > this.counts.length && counts[length - 1] === 0) length--;
    if (length > this.counts.length) this.#grow(length - 1);
    for (let i = 0; i < length; i++) (this.counts[i] as number) += counts[i] as number;
    this.sum += sum;
  }

  /** What has been counted since an earlier copy was made. */
  since(earlier: Histogram): Histogram {
    const since = this.copy();
    for (let i = 0; i < earlier.counts.length; i++)
      (since.counts[i] as number) -= earlier.counts[i] as number;
    since.sum -= earlier.sum;
    return since;
  }

  copy(): Histogram {
    const copy = new Histogram();
    copy.counts = this.counts.slice();
    copy.sum = this.sum;
    return copy;
  }

  /**
   * The value that a part of all values does not exceed, in ms; 0 if there are none. @param part from 0 to 1
   */
  quantile(part: number): number {
    const rank = Math.max(1, Math.ceil(part * this.count));
    let seen = 0;
    for (let i = 0; i < this.counts.length; i++) {
      seen += this.counts[i] as number;
      if (seen >= rank) return middleOf(i);
    }
    return 0;
  }

  distribution(): Distribution {
    const { count, sum } = this;
    return {
      count,
      mean: count === 0 ? 0 : sum / count,
      min: this.quantile(0),
      max: this.quantile(1),
      p50: this.quantile(0.5),
      p90: this.quantile(0.9),
      p95: this.quantile(0.95),
      p99: this.quantile(0.99),
      p999: this.quantile(0.999),
    };
  }

  #grow(bucket: number): void {
    const counts = new Float64Array(SUBS * (Math.floor(bucket / SUBS) + 1));
    counts.set(this.counts);
    this.counts = counts;
  }
}

function middleOf(bucket: number): number {
  const { from, to } = boundsOf(bucket);
  return (from + to) / 2;
}
