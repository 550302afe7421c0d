import { expect, test } from 'vitest';
import { resolveFields } from '../../dist/src/options/validate.js';
import type { LoadReport } from '../../dist/src/policies/support/load-weight.js';
import { LoadWeight } from '../../dist/src/policies/support/load-weight.js';
import {
  WEIGHTED_BY_LOAD_FIELDS,
  WeightedByLoad,
  type WeightedByLoadConfig,
} from '../../dist/src/policies/weighted-by-load.js';
import { count, FakeDispatcher, fakeContext, fakeWorker, fakeWorkers, labels } from './harness.js';

const NO_BLACKOUT = { blackoutPeriod: 0, errorUtilizationPenalty: 0 };
const PERIOD = 1000;

function setUp(workers: number, config: WeightedByLoadConfig = NO_BLACKOUT) {
  const context = fakeContext();
  const policy = new WeightedByLoad(
    context,
    resolveFields('weighted-by-load', config, WEIGHTED_BY_LOAD_FIELDS),
  );
  const dispatcher = new FakeDispatcher(policy, fakeWorkers(workers));
  const report = (loads: readonly LoadReport[]) => {
    for (const [index, load] of loads.entries()) policy.report(dispatcher.workers[index]!, load);
  };
  /** Shares of the next `n` requests, in units of the least; after the next calculation of weights. */
  const shares = (n: number) => {
    context.advance(PERIOD);
    const counts = count(labels(dispatcher, n));
    const got = dispatcher.workers.map(({ label }) => counts.get(label) ?? 0);
    return got.map((each) => each / Math.min(...got));
  };
  return { context, policy, dispatcher, report, shares };
}

const FULL = { qps: 10, utilization: 1 };
const LIGHT = { qps: 10, utilization: 0.1 };

test('(10, 1.0), (10, 0.1) gives 1:10', () => {
  const { report, shares } = setUp(2);
  report([FULL, LIGHT]);
  expect(shares(1100)).toEqual([1, expect.closeTo(10, 0)]);
});

test('(20, 1.0), (20, 0.1) added gives 1:10:2:20', () => {
  const { dispatcher, report, shares } = setUp(2);
  report([FULL, LIGHT]);
  shares(110);
  dispatcher.add(fakeWorker(3));
  dispatcher.add(fakeWorker(4));
  report([FULL, LIGHT, { qps: 20, utilization: 1 }, { qps: 20, utilization: 0.1 }]);
  const got = shares(33_000);
  expect(got).toEqual([1, expect.closeTo(10, 0), expect.closeTo(2, 1), expect.closeTo(20, 0)]);
});

test('loads that change swap the shares', () => {
  const { report, shares } = setUp(2);
  report([FULL, LIGHT]);
  shares(110);
  report([LIGHT, FULL]);
  expect(shares(1100)).toEqual([expect.closeTo(10, 0), 1]);
});

test('errors count as utilization: eps / qps × penalty', () => {
  const { report, shares } = setUp(2, { blackoutPeriod: 0, errorUtilizationPenalty: 0.9 });
  report([{ qps: 10, eps: 10, utilization: 0.1 }, LIGHT]);
  expect(shares(1100)).toEqual([1, expect.closeTo(10, 0)]);
});

test('fewer than two known weights: all count the same, in turn', () => {
  const { report, shares } = setUp(3);
  report([LIGHT]);
  expect(shares(300)).toEqual([1, 1, 1]);
});

test('a worker without a known weight gets the mean of the others', () => {
  const { report, shares } = setUp(3);
  report([
    { qps: 10, utilization: 1 },
    { qps: 30, utilization: 1 },
  ]);
  expect(shares(6000)).toEqual([1, expect.closeTo(3, 1), expect.closeTo(2, 1)]);
});

test("the worker's own weight multiplies its share", () => {
  const { dispatcher, report, shares } = setUp(2);
  dispatcher.workers[0]!.weight = 5;
  report([FULL, LIGHT]);
  expect(shares(3000)).toEqual([1, expect.closeTo(2, 1)]);
});

test('weights come from the runs themselves: a worker that is twice as fast gets twice as much', () => {
  const { context, dispatcher, shares } = setUp(2);
  for (let i = 0; i < 100; i++) {
    const worker = dispatcher.dispatch()!;
    dispatcher.complete(worker, { runTime: worker.id === 1 ? 4 : 2 });
    context.advance(4);
  }
  expect(shares(3000)).toEqual([1, expect.closeTo(2, 1)]);
});

test('until the next calculation the shares stay as they are', () => {
  const { dispatcher, report } = setUp(2);
  report([FULL, LIGHT]);
  expect(count(labels(dispatcher, 100))).toEqual(
    new Map([
      ['1', 50],
      ['2', 50],
    ]),
  );
});

test('a worker that had no room for long does not get its missed turns all at once', () => {
  const { dispatcher } = setUp(2);
  const [first, second] = dispatcher.workers;
  first!.available = false;
  dispatcher.policy.update(first!);
  labels(dispatcher, 1000);
  first!.available = true;
  dispatcher.policy.update(first!);
  const next = count(labels(dispatcher, 10));
  expect(Math.abs(next.get(first!.label)! - next.get(second!.label)!)).toBeLessThanOrEqual(2);
});

const RULES = { blackoutPeriod: 10_000, weightExpirationPeriod: 180_000, errorUtilizationPenalty: 1 };

test('a weight is used only after the blackout period', () => {
  const weight = new LoadWeight(RULES);
  weight.update(LIGHT, 0);
  expect(weight.at(9_999)).toBe(0);
  expect(weight.at(10_000)).toBe(100);
});

test('a weight expires, and the blackout begins again with the next report', () => {
  const weight = new LoadWeight(RULES);
  weight.update(LIGHT, 0);
  weight.update(LIGHT, 20_000);
  expect(weight.at(199_999)).toBe(100);
  expect(weight.at(200_000)).toBe(0);
  weight.update(FULL, 200_000);
  expect(weight.at(209_999)).toBe(0);
  expect(weight.at(210_000)).toBe(10);
});

test.each([
  [{ qps: 0, utilization: 1 }],
  [{ qps: 10, utilization: 0 }],
  [{ qps: Number.NaN, utilization: 1 }],
])('a report of %o says nothing and is ignored', (report) => {
  const weight = new LoadWeight({ ...RULES, blackoutPeriod: 0 });
  weight.update(FULL, 0);
  weight.update(report, 1);
  expect(weight.at(1)).toBe(10);
});
