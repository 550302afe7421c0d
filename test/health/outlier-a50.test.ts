import { describe, expect, it } from 'vitest';
import { OutlierDetector } from '../../dist/src/health/outlier.js';
import { type OutlierOptions, outlierConfig } from '../../dist/src/options/outlier.js';

/** Only the rules under test; A50 knows no failures in a row. */
const detector = (count: number, options: OutlierOptions, random = () => 0) => {
  const given = {
    successRate: false,
    failurePercentage: false,
    consecutiveFailures: false,
    ...options,
  } as const;
  const outliers = new OutlierDetector<number>(outlierConfig(given), random);
  for (let id = 1; id <= count; id++) outliers.add(id);
  return outliers;
};

/** 100 calls to each of `count` workers, or as many as `volumes` says; those in `failing` fail. */
const load = (
  outliers: OutlierDetector<number>,
  count: number,
  failing: number[],
  volumes: Record<number, number> = {},
) => {
  for (let id = 1; id <= count; id++) {
    for (let call = 0; call < (volumes[id] ?? 100); call++) outliers.observe(id, !failing.includes(id));
  }
};

/** Ids out after one load and one sweep. */
const ejected = (
  options: OutlierOptions,
  failing: number[],
  volumes: Record<number, number> = {},
  count = 5,
  random = () => 0,
): number[] => {
  const outliers = detector(count, options, random);
  load(outliers, count, failing, volumes);
  return outliers.sweep().map(({ id }) => id);
};

// The cases of grpc-java's OutlierDetectionLoadBalancerTest: five addresses, 100 calls each.
describe('A50: success rate', () => {
  const rule = { minimumHosts: 3, requestVolume: 10 };
  const options = { maxEjectionPercent: 50, successRate: rule };

  it('no outliers', () => expect(ejected(options, [])).toEqual([]));
  it('one outlier', () => expect(ejected(options, [1])).toEqual([1]));
  it('one outlier, not enough volume', () => {
    expect(ejected({ ...options, successRate: { ...rule, requestVolume: 20 } }, [1], { 1: 19 })).toEqual([]);
  });
  it('one outlier, not enough workers with volume', () => {
    const strict = { ...options, successRate: { minimumHosts: 5, requestVolume: 20 } };
    expect(ejected(strict, [1], { 2: 19 })).toEqual([]);
    expect(ejected(strict, [1], { 2: 20 })).toEqual([1]);
  });
  it('the workers needed are those with volume, of which one that did nothing has none', () => {
    const wide = { ...options, successRate: { stdevFactor: 1000, minimumHosts: 5, requestVolume: 0 } };
    expect(ejected(wide, [1])).toEqual([1]);
    expect(ejected(wide, [1], { 2: 0 })).toEqual([]);
    expect(
      ejected({ ...wide, successRate: { ...wide.successRate, requestVolume: 20 } }, [1], { 2: 19 }),
    ).toEqual([]);
  });
  it('one outlier, enforcement percentage 0', () => {
    expect(ejected({ ...options, successRate: { ...rule, enforcementPercentage: 0 } }, [1])).toEqual([]);
  });
  it('enforcement percentage is the chance of an ejection', () => {
    const half = { ...options, successRate: { ...rule, enforcementPercentage: 50 } };
    expect(ejected(half, [1], {}, 5, () => 0.499)).toEqual([1]);
    expect(ejected(half, [1], {}, 5, () => 0.5)).toEqual([]);
  });
  it('two outliers', () => {
    expect(ejected({ ...options, successRate: { ...rule, stdevFactor: 1 } }, [1, 2])).toEqual([1, 2]);
  });
  it('three outliers, of which the second goes above the maximum and the third stays', () => {
    const most = { maxEjectionPercent: 30, successRate: { ...rule, stdevFactor: 1 } };
    expect(ejected(most, [1, 2, 3])).toEqual([1, 2]);
  });
  it('at 1.9 σ nobody can be an outlier among fewer than five', () => {
    for (const count of [3, 4]) expect(ejected(options, [1], {}, count)).toEqual([]);
    expect(ejected(options, [1], {}, 5)).toEqual([1]);
  });
  it('new config that does not enforce ejects nobody else', () => {
    const outliers = detector(5, options);
    load(outliers, 5, [1]);
    outliers.sweep();
    load(outliers, 5, [1, 2]);
    // With 1 already out and counted, 2 alone is no outlier at 1.9 σ.
    expect(outliers.sweep()).toEqual([]);
  });
});

describe('A50: failure percentage', () => {
  const rule = { minimumHosts: 3, requestVolume: 10 };
  const options = { maxEjectionPercent: 50, failurePercentage: rule };

  it('no outliers', () => expect(ejected(options, [])).toEqual([]));
  it('one outlier', () => expect(ejected(options, [1])).toEqual([1]));
  it('one outlier, not enough volume', () => {
    expect(ejected({ ...options, failurePercentage: { ...rule, requestVolume: 101 } }, [1])).toEqual([]);
  });
  it('not enough workers', () => {
    expect(ejected({ ...options, failurePercentage: { ...rule, minimumHosts: 6 } }, [1])).toEqual([]);
  });
  it('one outlier, enforcement percentage 0', () => {
    expect(ejected({ ...options, failurePercentage: { ...rule, enforcementPercentage: 0 } }, [1])).toEqual(
      [],
    );
  });
  it('exceeding the threshold is what counts, not reaching it', () => {
    const exact = { ...options, failurePercentage: { ...rule, threshold: 50 } };
    const failures = (share: number) => {
      const outliers = detector(5, exact);
      load(outliers, 5, []);
      outliers.sweep();
      for (let call = 0; call < 100; call++) outliers.observe(1, call >= share);
      outliers.observe(2, true);
      return outliers.sweep();
    };
    expect(failures(50)).toEqual([]);
    expect(failures(51)).toEqual([{ id: 1, reason: 'failure-percentage' }]);
  });
  it('a worker that was asked alone and failed is no worse than the others, as far as anybody knows', () => {
    const one = { failurePercentage: { minimumHosts: 1, requestVolume: 1 } };
    expect(ejected(one, [1], { 1: 1, 2: 0, 3: 0 }, 3)).toEqual([]);
    expect(ejected(one, [1], { 1: 1, 2: 1, 3: 0 }, 3)).toEqual([1]);
  });
});

describe('A50: both rules', () => {
  const rule = { minimumHosts: 3, requestVolume: 10 };

  it('no outliers', () => {
    expect(ejected({ maxEjectionPercent: 50, successRate: rule, failurePercentage: rule }, [])).toEqual([]);
  });
  it('success rate finds it', () => {
    const failurePercentage = { ...rule, enforcementPercentage: 0 };
    expect(ejected({ maxEjectionPercent: 50, successRate: rule, failurePercentage }, [1])).toEqual([1]);
  });
  it('failure percentage finds it', () => {
    const successRate = { ...rule, enforcementPercentage: 0 };
    expect(ejected({ maxEjectionPercent: 50, successRate, failurePercentage: rule }, [1])).toEqual([1]);
  });
  it('success rate finds two, failure percentage the third that failed its only call', () => {
    const outliers = detector(5, {
      maxEjectionPercent: 100,
      successRate: { ...rule, stdevFactor: 1 },
      failurePercentage: { threshold: 0, minimumHosts: 3, requestVolume: 1 },
    });
    load(outliers, 5, [1, 2, 3], { 3: 1 });
    expect(outliers.sweep()).toEqual([
      { id: 1, reason: 'success-rate' },
      { id: 2, reason: 'success-rate' },
      { id: 3, reason: 'failure-percentage' },
    ]);
  });
});

// The cases of grpc-go's balancer_test: three addresses, five calls each, at most 10 %.
describe('A50: ejecting', () => {
  const rules: [string, OutlierOptions][] = [
    ['success rate', { successRate: { stdevFactor: 500, minimumHosts: 3, requestVolume: 3 } }],
    ['failure percentage', { failurePercentage: { threshold: 50, minimumHosts: 3, requestVolume: 3 } }],
  ];
  it.each(rules)('%s', (_, options) => {
    const outliers = detector(3, options);
    const five = { 1: 5, 2: 5, 3: 5 };
    load(outliers, 3, [], five);
    expect(outliers.sweep()).toEqual([]);
    load(outliers, 3, [3], five);
    expect(outliers.sweep()).toMatchObject([{ id: 3 }]);
    expect(outliers.sweep()).toEqual([]);
  });
});
