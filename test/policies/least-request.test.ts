import { expect, test } from 'vitest';
import { LeastRequest } from '../../dist/src/policies/least-request.js';
import { FakeDispatcher, fakeContext, fakeWorkers, labels } from './harness.js';

/**
 * A random source that draws these numbers (modulo the number of workers), and counts how many were drawn.
 */
function drawing(digits: string, workers: number) {
  const draws = [...digits].filter((digit) => digit !== ' ').map(Number);
  const source = {
    drawn: 0,
    now: () => 0,
    random: () => ((draws[source.drawn++]! % workers) + 0.5) / workers,
  };
  return source;
}

test('gRFC A48: draws 00 01 12 03 10 20 00 22 21 select 0 1 2 0 1 2 0 2 1', () => {
  const workers = fakeWorkers(3).map((worker, index) => ({ ...worker, label: String(index) }));
  const context = drawing('00 01 12 03 10 20 00 22 21', 3);
  const dispatcher = new FakeDispatcher(new LeastRequest(context), workers);
  expect(labels(dispatcher, 9).join(' ')).toBe('0 1 2 0 1 2 0 2 1');
});

test('of equals the first drawn is selected', () => {
  const dispatcher = new FakeDispatcher(new LeastRequest(drawing('12 20 01', 3)), fakeWorkers(3));
  expect(labels(dispatcher, 3).join(' ')).toBe('2 3 1');
});

test.each([
  [undefined, 2],
  [2, 2],
  [3, 3],
  [10, 10],
  [11, 10],
  [4294967295, 10],
])('a choiceCount of %s draws %d times', (choiceCount, draws) => {
  const context = drawing('0'.repeat(20), 3);
  new FakeDispatcher(
    new LeastRequest(context, choiceCount === undefined ? undefined : { choiceCount }),
    fakeWorkers(3),
  ).dispatch();
  expect(context.drawn).toBe(draws);
});

test('more choices give a smaller spread', () => {
  const spread = (choiceCount: number) => {
    const dispatcher = new FakeDispatcher(new LeastRequest(fakeContext(), { choiceCount }), fakeWorkers(100));
    labels(dispatcher, 50_000);
    const pending = dispatcher.workers.map((worker) => worker.pending);
    return Math.max(...pending) - Math.min(...pending);
  };
  expect(spread(10)).toBeLessThan(spread(2));
});
