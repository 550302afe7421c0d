import { expect, test } from 'vitest';
import { RoundRobin } from '../../dist/src/policies/round-robin.js';
import { FakeDispatcher, type FakeWorker, fakeWorker, labels, seededRandom } from './harness.js';

function weighted(weights: Record<string, number>): { policy: RoundRobin; dispatcher: FakeDispatcher } {
  const policy = new RoundRobin();
  const workers = Object.entries(weights).map(([label, weight], id) => fakeWorker(id, { label, weight }));
  return { policy, dispatcher: new FakeDispatcher(policy, workers) };
}

test('equal weights: in turn', () => {
  const { dispatcher } = weighted({ a: 1, b: 1, c: 1 });
  expect(labels(dispatcher, 7).join(' ')).toBe('a b c a b c a');
});

test('weights 5, 1, 1: a a b a c a a, and the state returns to 0', () => {
  const { policy, dispatcher } = weighted({ a: 5, b: 1, c: 1 });
  for (let cycle = 0; cycle < 3; cycle++) {
    expect(labels(dispatcher, 7).join(' ')).toBe('a a b a c a a');
    expect(dispatcher.workers.map((worker) => policy.currentWeight(worker))).toEqual([0, 0, 0]);
  }
});

test('weights 1:2:3: c b a c b c', () => {
  const { dispatcher } = weighted({ a: 1, b: 2, c: 3 });
  expect(labels(dispatcher, 12).join(' ')).toBe('c b a c b c c b a c b c');
});

/** nginx's loop, literally: over all peers in each round. */
function nginx(workers: readonly FakeWorker[], current: Map<FakeWorker, number>): FakeWorker | undefined {
  let total = 0;
  let best: FakeWorker | undefined;
  for (const worker of workers) {
    if (!worker.available) continue;
    current.set(worker, current.get(worker)! + worker.weight);
    total += worker.weight;
    if (best === undefined || current.get(worker)! > current.get(best)!) best = worker;
  }
  if (best !== undefined) current.set(best, current.get(best)! - total);
  return best;
}

test("selects as nginx's own loop does, with workers becoming unavailable and changing weight at random", () => {
  const random = seededRandom(5);
  const policy = new RoundRobin();
  const workers = Array.from({ length: 12 }, (_, id) =>
    fakeWorker(id, { weight: 1 + Math.floor(random() * 4) }),
  );
  const current = new Map(workers.map((worker) => [worker, 0]));
  for (const worker of workers) policy.add(worker);
  for (let i = 0; i < 5000; i++) {
    const worker = workers[Math.floor(random() * workers.length)]!;
    if (random() < 0.5) worker.available = !worker.available;
    else if (random() < 0.2) worker.weight = 1 + Math.floor(random() * 4);
    policy.update(worker);
    expect(policy.select()).toBe(nginx(workers, current));
    if (i % 50 === 0) {
      policy.verify();
      for (const each of workers) expect(policy.currentWeight(each)).toBe(current.get(each));
    }
  }
});

test('a worker that is not in the set has no current weight', () => {
  expect(new RoundRobin().currentWeight(fakeWorker(1))).toBeUndefined();
});
