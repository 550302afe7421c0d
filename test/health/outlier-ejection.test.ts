import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ejection, OutlierDetector } from '../../dist/src/health/outlier.js';
import { type OutlierOptions, outlierConfig } from '../../dist/src/options/outlier.js';

const detector = (count: number, options: OutlierOptions = {}, random = () => 0) => {
  const outliers = new OutlierDetector<number>(outlierConfig(options), random);
  for (let id = 1; id <= count; id++) outliers.add(id);
  return outliers;
};

/** Ejects worker 1 by failures in a row, with a success elsewhere to compare with. */
const breakFirst = (outliers: OutlierDetector<number>): Ejection<number> | undefined => {
  outliers.observe(1, false);
  outliers.observe(2, true);
  for (let i = 0; i < 10; i++) {
    const ejection = outliers.observe(1, false);
    if (ejection !== undefined) return ejection;
  }
  return undefined;
};

describe('failures in a row', () => {
  it('the fifth ejects at once, in a set of two', () => {
    const outliers = detector(2);
    outliers.observe(2, true);
    outliers.observe(1, false);
    outliers.observe(2, true);
    for (let i = 0; i < 3; i++) expect(outliers.observe(1, false)).toBeUndefined();
    expect(outliers.observe(1, false)).toEqual({ id: 1, reason: 'consecutive-failures' });
    // It is out: no more failures eject it.
    expect(breakFirst(outliers)).toBeUndefined();
  });

  it('one success in between starts over', () => {
    const outliers = detector(2);
    for (let i = 0; i < 100; i++) {
      outliers.observe(2, true);
      expect(outliers.observe(1, i % 5 === 4)).toBeUndefined();
    }
  });

  it('a task that fails everywhere ejects nobody', () => {
    const outliers = detector(3);
    for (let i = 0; i < 3; i++) outliers.observe(i + 1, true);
    for (let i = 0; i < 300; i++) expect(outliers.observe((i % 3) + 1, false)).toBeUndefined();
    expect(outliers.sweep()).toEqual([]);
  });

  it('the only worker stays, since nothing shows that it is the worker', () => {
    const outliers = detector(1);
    for (let i = 0; i < 100; i++) expect(outliers.observe(1, i === 0)).toBeUndefined();
  });

  it('is judged once per streak where it is not always enforced', () => {
    const outliers = detector(2, { consecutiveFailures: { enforcementPercentage: 10 } }, () => 0.5);
    for (let i = 0; i < 100; i++) {
      outliers.observe(2, true);
      expect(outliers.observe(1, false)).toBeUndefined();
    }
  });

  it('stops at the largest share, which the last one may exceed', () => {
    const count = 10;
    const out = (maxEjectionPercent: number) => {
      const outliers = detector(count, { maxEjectionPercent });
      let ejected = 0;
      for (let call = 0; call < 10; call++) {
        outliers.observe(count, true);
        for (let id = 1; id < count; id++) if (outliers.observe(id, false) !== undefined) ejected++;
      }
      return ejected;
    };
    expect([0, 1, 10, 11, 20, 50, 100].map(out)).toEqual([0, 1, 1, 2, 2, 5, 9]);
  });

  it('with 1 broken of 3, no request fails once it is known', () => {
    const outliers = detector(3, { maxEjectionPercent: 34 });
    let serving = [1, 2, 3];
    let failed = 0;
    for (let request = 0; request < 300; request++) {
      const id = serving[request % serving.length] as number;
      if (id === 3) failed += 1;
      const ejection = outliers.observe(id, id !== 3);
      if (ejection !== undefined) serving = serving.filter((one) => one !== ejection.id);
    }
    expect(failed).toBe(5);
  });
});

describe('the length of an ejection', () => {
  /** Lengths of ejections that follow one on the other. */
  const lengths = (count: number, options: OutlierOptions): number[] => {
    const outliers = detector(2, options);
    return Array.from({ length: count }, () => {
      breakFirst(outliers);
      const length = outliers.ejectionTime(1);
      outliers.readmit(1);
      return length;
    });
  };

  it('is nothing at first, and the base time longer with each one, up to the maximum', () => {
    expect(lengths(7, { baseEjectionTime: 10, maxEjectionTime: 45 })).toEqual([0, 10, 20, 30, 40, 45, 45]);
  });

  it('has the base time as its maximum where the maximum is less', () => {
    expect(lengths(3, { baseEjectionTime: 50, maxEjectionTime: 0 })).toEqual([0, 50, 50]);
  });

  it('is the base time shorter with each interval served', () => {
    const outliers = detector(2, { baseEjectionTime: 10 });
    for (let i = 0; i < 4; i++) {
      breakFirst(outliers);
      outliers.sweep();
      outliers.readmit(1);
    }
    const seen = [outliers.ejectionTime(1)];
    for (let i = 0; i < 2; i++) {
      outliers.sweep();
      seen.push(outliers.ejectionTime(1));
    }
    expect(seen).toEqual([30, 20, 10]);
  });
});

describe('re-admission', () => {
  it('starts with a clean streak', () => {
    const outliers = detector(2);
    breakFirst(outliers);
    for (let i = 0; i < 10; i++) outliers.observe(1, false);
    outliers.readmit(1);
    for (let i = 0; i < 4; i++) {
      expect(outliers.observe(1, false)).toBeUndefined();
      outliers.observe(2, true);
    }
    expect(outliers.observe(1, false)).toEqual({ id: 1, reason: 'consecutive-failures' });
  });
});

describe('the counts of an ejected worker', () => {
  it('go with its thread: the next sweep does not judge the fresh one by them', () => {
    const outliers = detector(2, { maxEjectionPercent: 100 });
    for (let i = 0; i < 50; i++) outliers.observe(1, false);
    for (let i = 0; i < 50; i++) outliers.observe(2, true);
    expect(outliers.observe(1, false)).toEqual({ id: 1, reason: 'consecutive-failures' });
    outliers.readmit(1);
    expect(outliers.sweep()).toEqual([]);
  });

  it('go where it was ejected for another reason, too', () => {
    const outliers = detector(2, { maxEjectionPercent: 100 });
    for (let i = 0; i < 4; i++) outliers.observe(1, false);
    outliers.observe(2, true);
    // It was silent, say, and so has been replaced.
    outliers.readmit(1);
    for (let i = 0; i < 4; i++) {
      expect(outliers.observe(1, false)).toBeUndefined();
      outliers.observe(2, true);
    }
  });
});

describe('a changing set', () => {
  it('forgets who has gone, and frees the place among the ejected', () => {
    const outliers = detector(3);
    breakFirst(outliers);
    outliers.remove(1);
    outliers.remove(1);
    expect(outliers.observe(1, false)).toBeUndefined();
    outliers.readmit(1);
    expect(breakFirst(outliers)).toBeUndefined();
    outliers.add(1);
    expect(breakFirst(outliers)).toEqual({ id: 1, reason: 'consecutive-failures' });
  });

  it('who comes twice is the same still', () => {
    const outliers = detector(2);
    breakFirst(outliers);
    outliers.add(1);
    expect(breakFirst(outliers)).toBeUndefined();
  });

  it('each interval counts for itself', () => {
    const outliers = detector(2, {
      consecutiveFailures: false,
      maxEjectionPercent: 50,
      failurePercentage: { requestVolume: 2 },
    });
    for (let i = 0; i < 3; i++) {
      outliers.observe(1, false);
      outliers.observe(2, true);
      expect(outliers.sweep()).toEqual([]);
    }
    for (let i = 0; i < 2; i++) outliers.observe(1, false);
    outliers.observe(2, true);
    expect(outliers.sweep()).toEqual([{ id: 1, reason: 'failure-percentage' }]);
  });

  it('an empty set sweeps nothing', () => {
    expect(detector(0).sweep()).toEqual([]);
  });

  it('ejects only workers that serve, and keeps its limit, whatever happens', () => {
    const event = fc.record({
      what: fc.constantFrom('ok', 'fail', 'fail', 'sweep', 'readmit', 'add', 'remove'),
      id: fc.integer({ min: 1, max: 6 }),
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
          const isOut = new Map([1, 2, 3].map((id) => [id, false]));
          for (const { what, id } of events) {
            const ejections: Ejection<number>[] = [];
            if (what === 'ok' || what === 'fail') {
              const ejection = outliers.observe(id, what === 'ok');
              if (ejection !== undefined) ejections.push(ejection);
            } else if (what === 'sweep') ejections.push(...outliers.sweep());
            else if (what === 'add') {
              outliers.add(id);
              if (!isOut.has(id)) isOut.set(id, false);
            } else if (what === 'remove') {
              outliers.remove(id);
              isOut.delete(id);
            } else {
              outliers.readmit(id);
              if (isOut.has(id)) isOut.set(id, false);
            }
            for (const ejection of ejections) {
              const out = [...isOut.values()].filter(Boolean).length;
              expect((out / isOut.size) * 100).toBeLessThan(maxEjectionPercent);
              expect(isOut.get(ejection.id)).toBe(false);
              isOut.set(ejection.id, true);
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
