import { expect, test } from 'vitest';
import { Rendezvous } from '../../dist/src/policies/rendezvous.js';
import { count, FakeDispatcher, fakeWorker, fakeWorkers, labels } from './harness.js';

const key = (index: number) => `/${index}`;
const KEYS = 20_000;

test('minimal disruption both ways: a worker that comes takes only what it wins, one that goes loses only its own', () => {
  const dispatcher = new FakeDispatcher(new Rendezvous(), fakeWorkers(4));
  const four = labels(dispatcher, KEYS, key);
  const fifth = fakeWorker(5);
  dispatcher.add(fifth);
  const five = labels(dispatcher, KEYS, key);
  let moved = 0;
  for (const [index, label] of five.entries()) {
    if (label === four[index]) continue;
    expect(label).toBe('5');
    moved += 1;
  }
  expect(moved / KEYS).toBeCloseTo(1 / 5, 2);
  dispatcher.remove(fifth);
  expect(labels(dispatcher, KEYS, key)).toEqual(four);
});

test('equal weights: shares differ by chance only (chi-square over 10 workers)', () => {
  const counts = count(labels(new FakeDispatcher(new Rendezvous(), fakeWorkers(10)), KEYS, key));
  const expected = KEYS / 10;
  const chiSquare = [...counts.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
  expect(chiSquare).toBeLessThan(27.9); // 99.9 % with 9 degrees of freedom
});

test('weights 1:2:3 are shares', () => {
  const workers = [1, 2, 3].map((weight) => fakeWorker(weight, { weight }));
  const counts = count(labels(new FakeDispatcher(new Rendezvous(), workers), KEYS, key));
  for (const weight of [1, 2, 3]) expect(counts.get(String(weight))! / KEYS).toBeCloseTo(weight / 6, 2);
});

test('a weight that grows takes keys from all others, and moves none between them', () => {
  const dispatcher = new FakeDispatcher(new Rendezvous(), fakeWorkers(4));
  const before = labels(dispatcher, KEYS, key);
  dispatcher.workers[2]!.weight = 2.5;
  dispatcher.policy.update(dispatcher.workers[2]!);
  const after = labels(dispatcher, KEYS, key);
  for (const [index, label] of after.entries()) if (label !== '3') expect(label).toBe(before[index]);
  expect(count(after).get('3')! / KEYS).toBeCloseTo(2.5 / 5.5, 2);
});

test('the order in which workers came does not matter', () => {
  const forth = labels(new FakeDispatcher(new Rendezvous(), fakeWorkers(9)), 1000, key);
  const back = labels(new FakeDispatcher(new Rendezvous(), fakeWorkers(9).toReversed()), 1000, key);
  expect(back).toEqual(forth);

  // Two labels with the same crc32 draw the same for every key.
  const twins = ['plumless', 'buckeroo'].map((label, id) => fakeWorker(id, { label }));
  for (const workers of [twins, twins.toReversed()]) {
    expect(labels(new FakeDispatcher(new Rendezvous(), workers), 1, key)).toEqual(['buckeroo']);
  }
});

test('requests without a key go to the worker with the fewest pending, and wait while nobody has room', () => {
  const dispatcher = new FakeDispatcher(new Rendezvous(), fakeWorkers(3), 2);
  expect(count(labels(dispatcher, 6))).toEqual(
    new Map([
      ['1', 2],
      ['2', 2],
      ['3', 2],
    ]),
  );
  expect(dispatcher.dispatch()).toBeUndefined();
});
