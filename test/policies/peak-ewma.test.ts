import { expect, test } from 'vitest';
import { PeakEwma } from '../../dist/src/policies/peak-ewma.js';
import { FakeDispatcher, fakeContext, fakeWorker, fakeWorkers, labels } from './harness.js';

/**
 * Finagle's own experiment (P2CPeakEwmaTest): one request in each step, completed when its worker's latency
 * has passed. Returns how many requests each worker got.
 */
function run(latencies: readonly number[], steps: number, decayTime = 150): number[] {
  const context = fakeContext();
  const dispatcher = new FakeDispatcher(new PeakEwma(context, { decayTime }), fakeWorkers(latencies.length));
  const got = latencies.map(() => 0);
  const due = new Map<number, (() => void)[]>();
  for (let step = 0; step < steps; step++) {
    for (const complete of due.get(step) ?? []) complete();
    due.delete(step);
    const worker = dispatcher.dispatch()!;
    const latency = latencies[worker.id - 1]!;
    got[worker.id - 1]! += 1;
    const complete = () => dispatcher.complete(worker, { runTime: latency });
    due.set(step + latency, [...(due.get(step + latency) ?? []), complete]);
    context.advance(1);
  }
  return got;
}

test('balances evenly across identical workers', () => {
  const got = run(Array(20).fill(5), 20_000);
  expect(Math.max(...got) - Math.min(...got)).toBeLessThan(0.1 * (20_000 / 20));
});

test('an unprobed slow worker is chosen exactly once', () => {
  const steps = 5000;
  const got = run([...Array(20).fill(1), 2 * steps], steps);
  expect(got[20]).toBe(1);
  expect(Math.min(...got.slice(0, 20))).toBeGreaterThan(0.8 * (steps / 20));
});

test('a worker that is twice as slow gets less, but is tried again as its cost decays', () => {
  const got = run([...Array(10).fill(5), 10], 10_000);
  expect(got[10]).toBeLessThan(0.75 * got[0]!);
  expect(got[10]).toBeGreaterThan(10);
});

test('a peak resets the average at once, and is forgotten with time', () => {
  const context = fakeContext();
  const dispatcher = new FakeDispatcher(new PeakEwma(context, { decayTime: 100 }), fakeWorkers(2));
  const once = (slow: number) => {
    const worker = dispatcher.dispatch()!;
    dispatcher.complete(worker, { runTime: worker.id === 1 ? slow : 1 });
    context.advance(1);
    return worker.label;
  };
  for (let i = 0; i < 20; i++) once(1);
  const until = Array.from({ length: 10 }, () => once(50)).indexOf('1');
  expect(until).toBeGreaterThanOrEqual(0);
  // After one slow run it is left alone for about decayTime × ln 50 = 390 ms.
  const after = Array.from({ length: 600 }, () => once(1));
  const again = after.indexOf('1');
  expect(again).toBeGreaterThan(300);
  expect(again).toBeLessThan(450);
});

test('cost counts times (pending + 1): a worker of half the cost gets twice the requests', () => {
  const dispatcher = new FakeDispatcher(new PeakEwma(fakeContext()), fakeWorkers(2));
  for (const runTime of [10, 20]) {
    const worker = dispatcher.dispatch()!;
    dispatcher.complete(worker, { runTime });
  }
  labels(dispatcher, 300);
  expect(dispatcher.workers.map(({ pending }) => pending).sort((a, b) => a - b)).toEqual([100, 200]);
});

test('a run below the resolution of the clock still counts as history', () => {
  const dispatcher = new FakeDispatcher(new PeakEwma(fakeContext()), [fakeWorker(1), fakeWorker(2)]);
  dispatcher.complete(dispatcher.dispatch()!, { runTime: 0 });
  const probe = dispatcher.dispatch()!;
  expect(new Set(labels(dispatcher, 10))).toEqual(new Set([probe.label === '1' ? '2' : '1']));
});
