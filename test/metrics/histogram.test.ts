import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Histogram } from '../../dist/src/metrics/histogram.js';
import { boundsOf, bucketOf } from '../../dist/src/protocol/buckets.js';

/** From 0 to some days, in ms. */
const time = fc.oneof(
  fc.double({ min: 0, max: 0.02, noNaN: true }),
  fc.double({ min: 0, max: 1_000, noNaN: true }),
  fc.double({ min: 0, max: 3e8, noNaN: true }),
);

describe('a histogram', () => {
  it('has each value in the bucket whose bounds hold it', () => {
    fc.assert(
      fc.property(time, (ms) => {
        const { from, to } = boundsOf(bucketOf(ms));
        // Rounding at the bounds.
        expect(ms).toBeGreaterThanOrEqual(from * (1 - 1e-9));
        expect(ms).toBeLessThan(to * (1 + 1e-9));
        expect(to - from).toBeLessThanOrEqual(Math.max(0.000_1001, from / 63));
      }),
    );
  });

  it('counts several equal values at once as it does one by one', () => {
    fc.assert(
      fc.property(time, fc.integer({ min: 1, max: 50 }), (value, times) => {
        const [once, each] = [new Histogram(), new Histogram()];
        once.record(value, times);
        for (let i = 0; i < times; i++) each.record(value);
        expect(once.counts).toEqual(each.counts);
        expect(once.count).toBe(each.count);
        expect(once.sum).toBeCloseTo(each.sum, -4);
      }),
    );
  });

  it('gives quantiles to within its precision', () => {
    fc.assert(
      fc.property(fc.array(time, { minLength: 1, maxLength: 200 }), (values) => {
        const histogram = new Histogram();
        for (const value of values) histogram.record(value);
        const sorted = [...values].sort((a, b) => a - b);
        for (const part of [0, 0.5, 0.9, 0.99, 1]) {
          const exact = sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] as number;
          expect(Math.abs(histogram.quantile(part) - exact)).toBeLessThanOrEqual(0.000_1 + exact / 60);
        }
        const { count, mean } = histogram.distribution();
        expect(count).toBe(values.length);
        expect(mean).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / values.length, 5);
      }),
    );
  });

  it('that is empty has zeros, not what JSON has no word for', () => {
    const zeros = { count: 0, mean: 0, min: 0, max: 0, p50: 0, p90: 0, p95: 0, p99: 0, p999: 0 };
    expect(JSON.parse(JSON.stringify(new Histogram().distribution()))).toEqual(zeros);
  });

  it('counts what came since a copy, and what two have together', () => {
    const histogram = new Histogram();
    histogram.record(5, 10);
    const copy = histogram.copy();
    histogram.record(1_000);
    expect(histogram.since(copy).distribution()).toMatchObject({ count: 1, mean: 1_000 });
    copy.add(histogram);
    expect(copy.count).toBe(21);
    expect(copy.sum).toBe(1_100);
  });

  it('takes a value beyond all bounds as the largest', () => {
    const histogram = new Histogram();
    histogram.record(1e300);
    histogram.record(-1);
    expect(histogram.quantile(0)).toBeLessThan(0.000_2);
    expect(histogram.quantile(1)).toBeGreaterThan(5e9);
  });
});
