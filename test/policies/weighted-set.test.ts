import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WeightedSet } from '../../dist/src/policies/support/weighted-set.js';
import { fakeWorker, fakeWorkers } from './harness.js';

const ALMOST_ONE = 1 - 2 ** -53;

function setOf(weights: readonly number[]): WeightedSet {
  const set = new WeightedSet();
  for (const [id, weight] of weights.entries()) set.add(fakeWorker(id, { weight }));
  return set;
}

test('the greatest random number draws the last worker, where sums of fractions have been rounded', () => {
  // With these weights the point ends up beyond the sum of the branch that it lies in.
  const set = setOf([0.7, 0.4, 0.1, 0.2, 2.2]);
  expect(set.at(set.draw(ALMOST_ONE)).id).toBe(4);
});

test('any weights: a draw gives an available worker, and the other draw another one', () => {
  const weight = fc.oneof(
    fc.constant(0),
    fc.integer({ min: 1, max: 9 }),
    fc.double({ min: 0.001, max: 1, noNaN: true }),
  );
  const random = fc.oneof(
    fc.constant(0),
    fc.constant(ALMOST_ONE),
    fc.double({ min: 0, max: ALMOST_ONE, noNaN: true }),
  );
  fc.assert(
    fc.property(
      fc.array(weight, { minLength: 1, maxLength: 40 }),
      random,
      random,
      (weights, first, second) => {
        const set = new WeightedSet();
        for (const [id, value] of weights.entries())
          set.add(fakeWorker(id, { weight: value || 1, available: value > 0 }));
        set.verify();
        if (set.available === 0) return;
        const slot = set.draw(first);
        expect(set.at(slot).available).toBe(true);
        if (set.available === 1) return;
        const other = set.drawOther(second, slot);
        expect(set.at(other).available).toBe(true);
        expect(other).not.toBe(slot);
      },
    ),
  );
});

test('the other draw leaves the weights of the rest as they are', () => {
  const set = setOf([1, 2, 3, 4]);
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 800; i++) counts[set.drawOther((i + 0.5) / 800, 1)]! += 1;
  expect(counts).toEqual([100, 0, 300, 400]);
});

test('the places of removed workers are used again', () => {
  const set = new WeightedSet();
  for (const worker of fakeWorkers(1000)) {
    set.add(worker);
    expect(set.draw(ALMOST_ONE)).toBe(0);
    set.remove(worker);
  }
  set.verify();
  expect(set.size).toBe(0);
});
