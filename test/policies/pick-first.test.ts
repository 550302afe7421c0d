import { expect, test } from 'vitest';
import { PickFirst } from '../../dist/src/policies/pick-first.js';
import { FakeDispatcher, fakeContext, fakeWorkers, labels } from './harness.js';

test('the first worker gets everything, the next only what the first has no room for', () => {
  const dispatcher = new FakeDispatcher(new PickFirst(fakeContext()), fakeWorkers(3), 2);
  expect(labels(dispatcher, 7)).toEqual(['1', '1', '2', '2', '3', '3', 'nobody']);
  dispatcher.complete(dispatcher.workers[1]!);
  dispatcher.complete(dispatcher.workers[0]!);
  expect(labels(dispatcher, 2)).toEqual(['1', '2']);
});

test('when the first worker is removed, the next one takes over', () => {
  const dispatcher = new FakeDispatcher(new PickFirst(fakeContext()), fakeWorkers(3));
  dispatcher.remove(dispatcher.workers[0]!);
  expect(labels(dispatcher, 3)).toEqual(['2', '2', '2']);
});

test('shuffleAddressList: the order is random, and kept', () => {
  const first = (seed: number) => {
    const policy = new PickFirst(fakeContext(seed), { shuffleAddressList: true });
    const sequence = labels(new FakeDispatcher(policy, fakeWorkers(10)), 5);
    expect(new Set(sequence).size).toBe(1);
    return sequence[0];
  };
  expect(new Set([1, 2, 3, 4, 5, 6, 7, 8].map(first)).size).toBeGreaterThan(3);
});
