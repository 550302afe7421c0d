import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BACKOFF_DEFAULTS, Backoff, type BackoffOptions } from '../../dist/src/pool/backoff.js';

const waits = (options: Partial<BackoffOptions>, random: () => number, count: number): number[] => {
  const backoff = new Backoff({ ...BACKOFF_DEFAULTS, ...options }, random);
  return Array.from({ length: count }, () => backoff.failed());
};

describe('backoff between attempts', () => {
  it('doubles from 100 ms to at most 30 s by default', () => {
    expect(waits({ jitter: 'none' }, Math.random, 11)).toEqual([
      100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000,
    ]);
  });

  it("grows as gRPC's connection backoff does with its parameters", () => {
    const grpc = waits({ initial: 20_000, multiplier: 1.6, max: 120_000, jitter: 'none' }, Math.random, 6);
    expect(grpc.map(Math.round)).toEqual([20_000, 32_000, 51_200, 81_920, 120_000, 120_000]);
  });

  it('full jitter waits anywhere below the bound', () => {
    expect(waits({ jitter: 'full' }, () => 0, 3)).toEqual([0, 0, 0]);
    expect(waits({ jitter: 'full' }, () => 0.5, 3)).toEqual([50, 100, 200]);
  });

  it('equal jitter keeps half of the bound', () => {
    expect(waits({ jitter: 'equal' }, () => 0, 3)).toEqual([50, 100, 200]);
    expect(waits({ jitter: 'equal' }, () => 0.5, 3)).toEqual([75, 150, 300]);
  });

  it('starts over after one success', () => {
    const backoff = new Backoff({ ...BACKOFF_DEFAULTS, jitter: 'none' }, Math.random);
    for (let i = 0; i < 5; i++) backoff.failed();
    backoff.succeeded();
    expect(backoff.failed()).toBe(100);
  });

  it('stays within its bounds for any options and any number of failures', () => {
    fc.assert(
      fc.property(
        fc.record({
          initial: fc.integer({ min: 1, max: 1000 }),
          max: fc.integer({ min: 1000, max: 100_000 }),
          multiplier: fc.double({ min: 1, max: 10, noNaN: true }),
          jitter: fc.constantFrom('full' as const, 'equal' as const, 'none' as const),
        }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.constantFrom(1, 10, 5000),
        (options, uniform, failures) => {
          const least = options.jitter === 'full' ? 0 : options.initial / 2;
          const all = waits(options, () => uniform, failures);
          expect(Math.min(...all)).toBeGreaterThanOrEqual(least);
          expect(Math.max(...all)).toBeLessThanOrEqual(options.max);
        },
      ),
    );
  });
});
