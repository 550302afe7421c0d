import { expect, test } from 'vitest';
import { Random } from '../../dist/src/policies/random.js';
import { count, FakeDispatcher, fakeContext, fakeWorker, fakeWorkers, labels } from './harness.js';

test('a weight of 8 in 10 gets 7,000 to 9,000 of 10,000 draws', () => {
  const workers = [fakeWorker(1, { weight: 8 }), fakeWorker(2), fakeWorker(3)];
  const heavy = count(labels(new FakeDispatcher(new Random(fakeContext()), workers), 10_000)).get('1');
  expect(heavy).toBeGreaterThan(7000);
  expect(heavy).toBeLessThan(9000);
});

test('equal weights are uniform: chi-square over 10 workers and 10,000 draws', () => {
  const counts = count(labels(new FakeDispatcher(new Random(fakeContext()), fakeWorkers(10)), 10_000));
  const chiSquare = [...counts.values()].reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
  expect(counts.size).toBe(10);
  expect(chiSquare).toBeLessThan(27.9); // 99.9 % with 9 degrees of freedom
});

test('the same seed gives the same sequence, another seed another one', () => {
  const draw = (seed: number) =>
    labels(new FakeDispatcher(new Random(fakeContext(seed)), fakeWorkers(5)), 50);
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
});

test('the greatest random number selects the last available worker, not an unavailable one', () => {
  const context = { now: () => 0, random: () => 1 - 2 ** -53 };
  const workers = fakeWorkers(5, { weight: 0.1 });
  workers[4]!.available = false;
  expect(labels(new FakeDispatcher(new Random(context), workers), 1)).toEqual(['4']);
});
