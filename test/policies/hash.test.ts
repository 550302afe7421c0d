import { expect, test } from 'vitest';
import { Hash } from '../../dist/src/policies/hash.js';
import { count, FakeDispatcher, fakeWorker, fakeWorkers, labels } from './harness.js';

const key = (index: number) => `/${index}`;

test('a key stays with its worker, with and without room', () => {
  const dispatcher = new FakeDispatcher(new Hash(), fakeWorkers(4), 1);
  const first = dispatcher.dispatch('user-7');
  expect(first!.available).toBe(false);
  for (let i = 0; i < 5; i++) expect(dispatcher.dispatch('user-7')).toBe(first);
});

test("nginx's choices hold through the policy, the worker's label being the host", () => {
  const workers = [7777, 7778].map((port) => fakeWorker(port, { label: `127.0.0.1:${port}` }));
  const dispatcher = new FakeDispatcher(new Hash(), workers);
  const keys = ['/some/path', '/some/longer/path', '/sad/zaidoon', '/g'];
  expect(keys.map((each) => dispatcher.dispatch(each)!.id)).toEqual([7778, 7777, 7778, 7777]);
});

test('removing a worker moves its keys only; adding one with the same label brings them back', () => {
  const dispatcher = new FakeDispatcher(new Hash(), fakeWorkers(5));
  const before = labels(dispatcher, 5000, key);
  dispatcher.remove(dispatcher.workers[2]!);
  const without = labels(dispatcher, 5000, key);
  for (const [index, label] of before.entries()) {
    if (label === '3') expect(without[index]).not.toBe('3');
    else expect(without[index]).toBe(label);
  }
  dispatcher.add(fakeWorker(99, { label: '3' }));
  expect(labels(dispatcher, 5000, key)).toEqual(before);
});

test('a weight that changes moves keys to the heavier worker, and none elsewhere', () => {
  const dispatcher = new FakeDispatcher(new Hash(), fakeWorkers(4));
  const before = labels(dispatcher, 8000, key);
  dispatcher.workers[1]!.weight = 3;
  dispatcher.policy.update(dispatcher.workers[1]!);
  const after = labels(dispatcher, 8000, key);
  for (const [index, label] of after.entries()) if (label !== '2') expect(label).toBe(before[index]);
  expect(count(after).get('2')! / 8000).toBeCloseTo(3 / 6, 1);
});

test('requests without a key go to the worker with the fewest pending, and wait while nobody has room', () => {
  const dispatcher = new FakeDispatcher(new Hash(), fakeWorkers(3), 2);
  expect(count(labels(dispatcher, 6))).toEqual(
    new Map([
      ['1', 2],
      ['2', 2],
      ['3', 2],
    ]),
  );
  expect(dispatcher.dispatch()).toBeUndefined();
});
