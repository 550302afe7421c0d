import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Coalescing, MAX_DEFER_MS } from '../../dist/src/protocol/coalescing.js';

function havingRun(...runTimes: readonly number[]): Coalescing {
  const coalescing = new Coalescing();
  for (const runTime of runTimes) coalescing.ran(runTime);
  return coalescing;
}

const steady = (runTime: number): number[] => new Array(100).fill(runTime);

describe('a completion may wait for others', () => {
  it('while short tasks are there to run', () => {
    expect(havingRun(...steady(0.01)).mayDefer(0.01, 0, 100)).toBe(true);
  });

  it('for at most half of the time that they take', () => {
    const coalescing = havingRun(...steady(0.01));
    expect(coalescing.mayDefer(0.01, 0.08, 20)).toBe(true);
    expect(coalescing.mayDefer(0.01, 0.1, 20)).toBe(false);
  });

  it('for at most half a millisecond, however many there are', () => {
    expect(havingRun(...steady(0.01)).mayDefer(0.01, MAX_DEFER_MS, 1_000)).toBe(false);
  });

  it('not when the window is empty', () => {
    expect(havingRun(...steady(0.01)).mayDefer(0.01, 0, 0)).toBe(false);
  });

  it('not after a run that was long itself', () => {
    expect(havingRun(...steady(0.01)).mayDefer(0.6, 0, 100)).toBe(false);
  });

  it('not where tasks are long', () => {
    expect(havingRun(...steady(0.45)).mayDefer(0.45, 0, 100)).toBe(false);
  });
});

describe('the main thread looks whether an announcement is deferred', () => {
  it('where short tasks are in the window', () => {
    expect(havingRun(...steady(0.01)).mayDeferNext(100)).toBe(true);
  });

  it('not where tasks are long, or few', () => {
    expect(havingRun(...steady(1)).mayDeferNext(100)).toBe(false);
    expect(havingRun(...steady(0.01)).mayDeferNext(3)).toBe(false);
  });

  it('where one short run makes short what has been long', () => {
    const times = steady(0.45);
    expect(havingRun(...times).mayDeferNext(4)).toBe(true);
    expect(havingRun(...times, 0.01).mayDefer(0.01, 0, 3)).toBe(true);
  });

  it('wherever the worker may defer the next one', () => {
    const runTime = fc.oneof(
      fc.double({ min: 0, max: 2, noNaN: true }),
      fc.double({ min: 0.3, max: 0.5, noNaN: true }),
    );
    let deferred = 0;
    fc.assert(
      fc.property(
        fc.array(runTime, { maxLength: 60 }),
        runTime,
        fc.double({ min: 0, max: 0.2, noNaN: true }),
        fc.integer({ min: 0, max: 20 }),
        (before, next, delivery, unstarted) => {
          const worker = new Coalescing();
          const main = new Coalescing();
          for (const time of before) {
            // As they travel: without the time for the delivery, as 32-bit floats.
            worker.ran(time + delivery);
            main.ran(Math.fround(time));
          }
          const mayDeferNext = main.mayDeferNext(unstarted + 1);
          worker.ran(next);
          if (!worker.mayDefer(next, 0, unstarted)) return;
          deferred++;
          expect(mayDeferNext).toBe(true);
        },
      ),
      { numRuns: 2_000 },
    );
    expect(deferred).toBeGreaterThan(100);
  });
});
