import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHECK_DEFAULTS } from '../../dist/src/health/check.js';
import { OUTLIER_TRANSITIONS, OutlierDetector, type OutlierState } from '../../dist/src/health/outlier.js';
import { type OutlierOptions, outlierConfig } from '../../dist/src/options/outlier.js';

const SECOND = 1000;

const detector = (
  count: number,
  options: OutlierOptions = {},
  thresholds = CHECK_DEFAULTS,
  random = () => 0,
) => {
  const outliers = new OutlierDetector(outlierConfig(options), thresholds, random);
  for (let id = 1; id <= count; id++) outliers.add(id);
  return outliers;
};

/** Ejects worker 1 by failures in a row, with a success elsewhere to compare with. */
const breakFirst = (outliers: OutlierDetector, now: number) => {
  outliers.observe(1, false, now);
  outliers.observe(2, true, now);
  let ejection: unknown;
  while (outliers.state(1) === 'serving') ejection = outliers.observe(1, false, now);
  return ejection;
};

describe('failures in a row', () => {
  it('the fifth ejects at once, in a set of two', () => {
    const outliers = detector(2);
    outliers.observe(2, true, 0);
    outliers.observe(1, false, 0);
    outliers.observe(2, true, 0);
    for (let i = 0; i < 3; i++) expect(outliers.observe(1, false, 0)).toBeUndefined();
    expect(outliers.observe(1, false, 0)).toEqual({ id: 1, reason: 'consecutive-failures' });
    expect(outliers.state(1)).toBe('ejected');
  });

  it('one success in between starts over', () => {
    const outliers = detector(2);
    for (let i = 0; i < 100; i++) {
      outliers.observe(2, true, 0);
      expect(outliers.observe(1, i % 5 === 4, 0)).toBeUndefined();
    }
  });

  it('a task that fails everywhere ejects nobody', () => {
    const outliers = detector(3);
    for (let i = 0; i < 3; i++) outliers.observe(i + 1, true, 0);
    for (let i = 0; i < 300; i++) expect(outliers.observe((i % 3) + 1, false, 0)).toBeUndefined();
    expect(outliers.sweep(10 * SECOND).ejected).toEqual([]);
  });

  it('the only worker stays, since nothing shows that it is the worker', () => {
    const outliers = detector(1);
    for (let i = 0; i < 100; i++) expect(outliers.observe(1, i === 0, 0)).toBeUndefined();
  });

  it('is judged once per streak where it is not always enforced', () => {
    const outliers = detector(
      2,
      { consecutiveFailures: { enforcementPercentage: 10 } },
      CHECK_DEFAULTS,
      () => 0.5,
    );
    for (let i = 0; i < 100; i++) {
      outliers.observe(2, true, 0);
      expect(outliers.observe(1, false, 0)).toBeUndefined();
    }
  });

  it('stops at the largest share, which the last one may exceed', () => {
    const count = 10;
    const out = (maxEjectionPercent: number) => {
      const outliers = detector(count, { maxEjectionPercent });
      for (let call = 0; call < 10; call++) {
        outliers.observe(count, true, 0);
        for (let id = 1; id < count; id++) outliers.observe(id, false, 0);
      }
      return outliers.snapshot().filter(({ state }) => state === 'ejected').length;
    };
    expect([0, 1, 10, 11, 20, 50, 100].map(out)).toEqual([0, 1, 1, 2, 2, 5, 9]);
  });

  it('with 1 broken of 3, no request fails once it is known', () => {
    const outliers = detector(3, { maxEjectionPercent: 34 });
    let failed = 0;
    for (let request = 0; request < 300; request++) {
      const serving = [1, 2, 3].filter((id) => outliers.state(id) === 'serving');
      const id = serving[request % serving.length]!;
      if (id === 3) failed += 1;
      outliers.observe(id, id !== 3, request);
    }
    expect(failed).toBe(5);
  });
});

describe('the length of an ejection', () => {
  const readmit = (outliers: OutlierDetector, now: number) =>
    expect(outliers.checked(1, true, now)).toBe('serving');

  it('is over strictly after the base time', () => {
    const outliers = detector(2);
    breakFirst(outliers, 0);
    expect(outliers.sweep(30 * SECOND).due).toEqual([]);
    expect(outliers.sweep(30 * SECOND + 1).due).toEqual([1]);
    expect(outliers.sweep(40 * SECOND).due).toEqual([]);
  });

  it('is multiplied by the ejections so far, up to the maximum', () => {
    const outliers = detector(2, { baseEjectionTime: 10, maxEjectionTime: 45 });
    const lengths: number[] = [];
    let now = 0;
    for (let i = 0; i < 7; i++) {
      const from = now;
      breakFirst(outliers, now);
      while (outliers.sweep(now).due.length === 0) now += 1;
      lengths.push(now - from - 1);
      readmit(outliers, now);
    }
    expect(lengths).toEqual([10, 20, 30, 40, 45, 45, 45]);
  });

  it('has the base time as its maximum where the maximum is less', () => {
    const outliers = detector(2, { baseEjectionTime: 50, maxEjectionTime: 0 });
    for (const from of [0, 1000]) {
      breakFirst(outliers, from);
      expect(outliers.sweep(from + 50).due).toEqual([]);
      expect(outliers.sweep(from + 51).due).toEqual([1]);
      readmit(outliers, from + 51);
    }
  });

  it('is forgotten by one with each interval served', () => {
    const outliers = detector(2, { baseEjectionTime: 10 });
    const multiplier = () => outliers.snapshot()[0]?.multiplier;
    let now = 0;
    for (let i = 0; i < 3; i++) {
      breakFirst(outliers, now);
      now += 10 * (i + 1) + 1;
      outliers.sweep(now);
      readmit(outliers, now);
    }
    const seen = [multiplier()];
    for (let i = 0; i < 4; i++) {
      now += 10;
      outliers.sweep(now);
      seen.push(multiplier());
    }
    expect(seen).toEqual([3, 2, 1, 0, 0]);
  });
});

describe('re-admission', () => {
  it('needs the passed checks in a row', () => {
    const outliers = detector(2, { baseEjectionTime: 0 }, { consecutiveSuccess: 2, consecutiveFailure: 2 });
    breakFirst(outliers, 0);
    expect(outliers.checked(1, true, 0)).toBeUndefined();
    expect(outliers.state(1)).toBe('ejected');
    outliers.sweep(1);
    expect(outliers.checked(1, true, 1)).toBe('due');
    expect(outliers.checked(1, false, 1)).toBe('due');
    expect(outliers.checked(1, true, 1)).toBe('due');
    expect(outliers.checked(1, true, 1)).toBe('serving');
    expect(outliers.checked(1, true, 1)).toBeUndefined();
  });

  it('is put off, for longer, by failed checks', () => {
    const outliers = detector(2, { baseEjectionTime: 10 });
    breakFirst(outliers, 0);
    outliers.sweep(11);
    expect(outliers.checked(1, false, 12)).toBe('ejected');
    expect(outliers.sweep(12 + 20).due).toEqual([]);
    expect(outliers.sweep(12 + 21).due).toEqual([1]);
  });

  it('starts with a clean streak', () => {
    const outliers = detector(2, { baseEjectionTime: 0 });
    breakFirst(outliers, 0);
    for (let i = 0; i < 10; i++) outliers.observe(1, false, 0);
    outliers.sweep(1);
    outliers.checked(1, true, 1);
    outliers.observe(2, true, 1);
    for (let i = 0; i < 4; i++) expect(outliers.observe(1, false, 1)).toBeUndefined();
  });
});

describe('a changing set', () => {
  it('forgets who has gone, and frees the place among the ejected', () => {
    const outliers = detector(3);
    breakFirst(outliers, 0);
    outliers.remove(1);
    outliers.remove(1);
    expect(outliers.state(1)).toBeUndefined();
    expect(outliers.observe(1, false, 0)).toBeUndefined();
    expect(outliers.checked(1, true, 0)).toBeUndefined();
    outliers.add(1);
    expect(outliers.state(1)).toBe('serving');
    expect(breakFirst(outliers, 0)).toEqual({ id: 1, reason: 'consecutive-failures' });
  });

  it('who comes twice is the same still', () => {
    const outliers = detector(2);
    breakFirst(outliers, 0);
    outliers.add(1);
    expect(outliers.state(1)).toBe('ejected');
  });

  it('each interval counts for itself', () => {
    const outliers = detector(2);
    outliers.observe(1, true, 0);
    outliers.observe(1, false, 0);
    expect(outliers.snapshot()[0]).toEqual({
      id: 1,
      state: 'serving',
      multiplier: 0,
      successes: 1,
      failures: 1,
    });
    outliers.sweep(10 * SECOND);
    expect(outliers.snapshot()[0]).toEqual({
      id: 1,
      state: 'serving',
      multiplier: 0,
      successes: 0,
      failures: 0,
    });
  });

  it('an empty set sweeps nothing', () => {
    expect(detector(0).sweep(0)).toEqual({ ejected: [], due: [] });
  });

  it('keeps its table and its limit, whatever happens', () => {
    const event = fc.record({
      what: fc.constantFrom('ok', 'fail', 'fail', 'sweep', 'pass', 'refuse', 'add', 'remove'),
      id: fc.integer({ min: 1, max: 6 }),
      later: fc.nat(20_000),
    });
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 200 }),
        fc.constantFrom(0, 10, 34, 100),
        (events, maxEjectionPercent) => {
          const outliers = detector(3, {
            maxEjectionPercent,
            consecutiveFailures: { threshold: 2 },
            failurePercentage: { requestVolume: 2 },
          });
          let now = 0;
          for (const { what, id, later } of events) {
            now += later;
            const before = new Map(outliers.snapshot().map((worker) => [worker.id, worker.state]));
            if (what === 'ok' || what === 'fail') outliers.observe(id, what === 'ok', now);
            else if (what === 'sweep') outliers.sweep(now);
            else if (what === 'add') outliers.add(id);
            else if (what === 'remove') outliers.remove(id);
            else outliers.checked(id, what === 'pass', now);
            const states = outliers.snapshot();
            for (const { id: worker, state } of states) {
              const was: OutlierState | undefined = before.get(worker);
              if (was !== undefined && was !== state) expect(OUTLIER_TRANSITIONS[was]).toContain(state);
              if (was === undefined) expect(state).toBe('serving');
            }
            const out = states.filter(({ state }) => state !== 'serving').length;
            const outBefore = [...before.values()].filter((state) => state !== 'serving').length;
            if (out > outBefore) expect(((out - 1) / states.length) * 100).toBeLessThan(maxEjectionPercent);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
