import { expect, test } from 'vitest';
import { LeastPending } from '../../dist/src/policies/least-pending.js';
import { count, FakeDispatcher, fakeWorker, fakeWorkers, labels } from './harness.js';

test('an added worker starts at 0: with 10 at load 2 and 1 new, the next two go to the new one', () => {
  const dispatcher = new FakeDispatcher(new LeastPending(), fakeWorkers(10));
  labels(dispatcher, 20);
  expect(dispatcher.workers.map(({ pending }) => pending)).toEqual(Array(10).fill(2));
  dispatcher.add(fakeWorker(11));
  expect(labels(dispatcher, 2)).toEqual(['11', '11']);
  expect(dispatcher.dispatch()?.label).not.toBe('11');
});

test('a late completion after removal is harmless', () => {
  const policy = new LeastPending();
  const [first, second] = fakeWorkers(2);
  const dispatcher = new FakeDispatcher(policy, [first!, second!]);
  labels(dispatcher, 2);
  dispatcher.remove(first!);
  dispatcher.complete(first!);
  policy.verify();
  expect(labels(dispatcher, 3)).toEqual(['2', '2', '2']);
});

test('the worker with the fewest pending requests is selected, as completions come in', () => {
  const dispatcher = new FakeDispatcher(new LeastPending(), fakeWorkers(4));
  labels(dispatcher, 12);
  const third = dispatcher.workers[2]!;
  dispatcher.complete(third);
  dispatcher.complete(third);
  expect(labels(dispatcher, 2)).toEqual(['3', '3']);
});

test('of idle workers the one that became idle last is first', () => {
  const dispatcher = new FakeDispatcher(new LeastPending(), fakeWorkers(3));
  const all = [dispatcher.dispatch()!, dispatcher.dispatch()!, dispatcher.dispatch()!];
  expect(new Set(all).size).toBe(3);
  for (const worker of all) dispatcher.complete(worker);
  for (let i = 0; i < 3; i++) {
    const worker = dispatcher.dispatch()!;
    expect(worker).toBe(all[2]);
    dispatcher.complete(worker);
  }
  expect([dispatcher.dispatch(), dispatcher.dispatch(), dispatcher.dispatch()]).toEqual([
    all[2],
    all[1],
    all[0],
  ]);
});

test('of busy workers the one that was given a request longest ago is first', () => {
  const dispatcher = new FakeDispatcher(new LeastPending(), fakeWorkers(3));
  const all = [dispatcher.dispatch()!, dispatcher.dispatch()!, dispatcher.dispatch()!];
  expect([dispatcher.dispatch(), dispatcher.dispatch(), dispatcher.dispatch()]).toEqual(all);
  dispatcher.complete(all[2]!);
  dispatcher.complete(all[0]!);
  expect([dispatcher.dispatch(), dispatcher.dispatch()]).toEqual([all[0], all[2]]);
});

test('weights 1:2:3 hold as shares where all are busy', () => {
  const workers = [1, 2, 3].map((weight) => fakeWorker(weight, { weight }));
  const dispatcher = new FakeDispatcher(new LeastPending(), workers);
  expect(count(labels(dispatcher, 600))).toEqual(
    new Map([
      ['1', 100],
      ['2', 200],
      ['3', 300],
    ]),
  );
});

test('the least (pending + 1) / weight is selected: an idle light worker waits for a heavy one to be as full', () => {
  const dispatcher = new FakeDispatcher(new LeastPending(), [fakeWorker(1), fakeWorker(2, { weight: 4 })]);
  expect(labels(dispatcher, 3)).toEqual(['2', '2', '2']);
});

test('nobody is selected while no worker is available, however many there are', () => {
  const dispatcher = new FakeDispatcher(new LeastPending(), fakeWorkers(5), 1);
  expect(new Set(labels(dispatcher, 5)).size).toBe(5);
  expect(dispatcher.dispatch()).toBeUndefined();
  dispatcher.complete(dispatcher.workers[3]!);
  expect(labels(dispatcher, 2)).toEqual(['4', 'nobody']);
});
