import { expect, test } from 'vitest';
import { LeastWork } from '../../dist/src/policies/least-work.js';
import { count, FakeDispatcher, fakeWorker, fakeWorkers, labels } from './harness.js';

test('a worker with one long request gets fewer short ones', () => {
  const policy = new LeastWork();
  const [busy, free] = fakeWorkers(2);
  busy!.pending = 1;
  busy!.work = 10;
  const dispatcher = new FakeDispatcher(policy, [busy!, free!], Infinity, 1);
  const first = labels(dispatcher, 10);
  expect(first.filter((label) => label === '1').length).toBeLessThanOrEqual(1);
  expect(count(labels(dispatcher, 20)).get('1')).toBeGreaterThanOrEqual(9);
});

test('pending decides as long as no run times are known', () => {
  const dispatcher = new FakeDispatcher(new LeastWork(), fakeWorkers(4), Infinity, 0);
  labels(dispatcher, 40);
  expect(dispatcher.workers.map(({ pending }) => pending)).toEqual([10, 10, 10, 10]);
  for (let i = 0; i < 5; i++) dispatcher.complete(dispatcher.workers[2]!);
  expect(labels(dispatcher, 5)).toEqual(['3', '3', '3', '3', '3']);
});

test('work is divided by weight', () => {
  const workers = [1, 2, 3].map((weight) => fakeWorker(weight, { weight }));
  const shares = count(labels(new FakeDispatcher(new LeastWork(), workers), 600));
  expect(shares).toEqual(
    new Map([
      ['1', 100],
      ['2', 200],
      ['3', 300],
    ]),
  );
});

test('what rounding leaves of the work of an idle worker does not count', () => {
  const workers = fakeWorkers(2);
  workers[0]!.work = 1e-9;
  const dispatcher = new FakeDispatcher(new LeastWork(), workers);
  for (let i = 0; i < 4; i++) {
    const worker = dispatcher.dispatch()!;
    expect(worker).toBe(workers[0]);
    dispatcher.complete(worker);
  }
});
