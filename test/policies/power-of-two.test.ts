import { expect, test } from 'vitest';
import { PowerOfTwo } from '../../dist/src/policies/power-of-two.js';
import { count, FakeDispatcher, fakeContext, fakeWorker, fakeWorkers, labels } from './harness.js';

test('100 workers, 100,000 picks: the spread of pending is below 10', () => {
  const dispatcher = new FakeDispatcher(new PowerOfTwo(fakeContext()), fakeWorkers(100));
  labels(dispatcher, 100_000);
  const pending = dispatcher.workers.map((worker) => worker.pending);
  expect(Math.max(...pending) - Math.min(...pending)).toBeLessThan(10);
});

test('the two are different: with two workers the lesser load always wins', () => {
  const dispatcher = new FakeDispatcher(new PowerOfTwo(fakeContext()), fakeWorkers(2));
  for (let i = 0; i < 200; i++) {
    dispatcher.dispatch();
    const [first, second] = dispatcher.workers;
    expect(Math.abs(first!.pending - second!.pending)).toBeLessThan(2);
  }
});

test('of a heavy and a light worker, the heavy one gets its share', () => {
  const workers = [fakeWorker(1), fakeWorker(2, { weight: 3 })];
  const counts = count(labels(new FakeDispatcher(new PowerOfTwo(fakeContext()), workers), 400));
  expect(counts).toEqual(
    new Map([
      ['2', 300],
      ['1', 100],
    ]),
  );
});

test('draws only among the available', () => {
  const workers = fakeWorkers(4);
  workers[0]!.available = false;
  workers[2]!.available = false;
  const counts = count(labels(new FakeDispatcher(new PowerOfTwo(fakeContext()), workers), 100));
  expect(counts).toEqual(
    new Map([
      ['2', 50],
      ['4', 50],
    ]),
  );
});
