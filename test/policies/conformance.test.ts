import { describe, expect, test } from 'vitest';
import { createPolicy, type Policy, type PolicyName, policyNames } from '../../dist/src/policies/index.js';
import {
  count,
  FakeDispatcher,
  type FakeWorker,
  fakeContext,
  fakeWorker,
  fakeWorkers,
  labels,
  seededRandom,
} from './harness.js';

/**
 * Cases that a policy cannot meet by its very rule, each with the reason. Everything else runs for every
 * policy.
 */
const LEFT_OUT: Readonly<Record<string, Partial<Record<PolicyName, string>>>> = {
  'an unavailable worker is never selected': {
    hash: 'it pins: a key belongs to its worker, room or not',
    rendezvous: 'it pins: a key belongs to its worker, room or not',
  },
  'nobody is selected while no worker is available': {
    hash: 'it pins; requests without a key do wait: next case',
    rendezvous: 'it pins; requests without a key do wait: next case',
  },
  'weights 1:2:3 are the shares of what is given out': {
    'pick-first': 'it gives everything to one worker',
  },
  'of 1,000 workers each gets a request': {
    'pick-first': 'it gives everything to one worker',
  },
  'while workers come and go, each gets about its part of what is given out': {
    'pick-first': 'it gives everything to one worker',
  },
};

/**
 * Policies whose choice is a matter of chance get wider bounds: the greatest deviation from the expected
 * share.
 */
const TOLERANCE: Partial<Record<PolicyName, number>> = {
  random: 0.25,
  hash: 0.45,
  rendezvous: 0.25,
  'least-request': 0.25,
  'power-of-two': 0.2,
};
const DEFAULT_TOLERANCE = 0.15;

const PINNING: readonly PolicyName[] = ['hash', 'rendezvous'];

type Verifiable = Policy & { verify(): void };

function create(name: PolicyName, seed = 1): Verifiable {
  return createPolicy(name, fakeContext(seed)) as Verifiable;
}

const key = (index: number) => `/user/${index}`;

describe.each(policyNames)('%s', (name) => {
  /** A case of the suite, unless the table says why this policy cannot meet it. */
  function conforms(title: string, run: (policy: Verifiable) => void): void {
    if (LEFT_OUT[title]?.[name] === undefined) test(title, () => run(create(name)));
  }

  conforms('says its name and whether it pins', (policy) => {
    expect(policy.name).toBe(name);
    expect(policy.pins).toBe(PINNING.includes(name));
  });

  conforms('an empty set: nobody, before and after there were workers', (policy) => {
    expect(policy.select({ key: 'a' })).toBeUndefined();
    expect(policy.select({ key: undefined })).toBeUndefined();
    const worker = fakeWorker(1);
    policy.add(worker);
    policy.remove(worker);
    policy.verify();
    expect(policy.select({ key: 'a' })).toBeUndefined();
    expect(policy.select({ key: undefined })).toBeUndefined();
  });

  conforms('a single worker gets everything', (policy) => {
    const dispatcher = new FakeDispatcher(policy, fakeWorkers(1));
    expect(count(labels(dispatcher, 100, key))).toEqual(new Map([['1', 100]]));
    expect(count(labels(dispatcher, 100))).toEqual(new Map([['1', 100]]));
  });

  conforms('an added worker is selected sooner or later', (policy) => {
    const dispatcher = new FakeDispatcher(policy, fakeWorkers(3), 50);
    labels(dispatcher, 60, key);
    dispatcher.add(fakeWorker(4));
    expect(labels(dispatcher, 100, key)).toContain('4');
    policy.verify();
  });

  conforms('a worker that is added twice counts once, and is gone when removed once', (policy) => {
    const [first, second] = fakeWorkers(2);
    const dispatcher = new FakeDispatcher(policy, [first!, second!, first!]);
    policy.verify();
    policy.remove(first!);
    policy.verify();
    expect(count(labels(dispatcher, 50, key))).toEqual(new Map([['2', 50]]));
  });

  conforms(
    'a removed worker is not selected; what it completes later, and removing it again, is harmless',
    (policy) => {
      const dispatcher = new FakeDispatcher(policy, fakeWorkers(4));
      labels(dispatcher, 40, key);
      const [, gone] = dispatcher.workers;
      dispatcher.remove(gone!);
      policy.verify();
      while (gone!.pending > 0) {
        dispatcher.complete(gone!);
        policy.verify();
      }
      policy.remove(gone!);
      policy.remove(fakeWorker(99));
      policy.update(fakeWorker(99));
      policy.verify();
      expect(labels(dispatcher, 200, key)).not.toContain('2');
    },
  );

  conforms('a drained worker that is added again takes part again', (policy) => {
    const dispatcher = new FakeDispatcher(policy, fakeWorkers(2), 1000);
    const [first] = dispatcher.workers;
    dispatcher.remove(first!);
    labels(dispatcher, 10, key);
    dispatcher.add(first!);
    policy.verify();
    expect(labels(dispatcher, 1500, key)).toContain('1');
  });

  conforms('select does not change the numbers of any worker', (policy) => {
    const workers = fakeWorkers(5, { weight: 2 });
    for (const worker of workers) policy.add(Object.freeze(worker));
    for (let i = 0; i < 20; i++) expect(workers).toContain(policy.select({ key: key(i) }));
  });

  conforms('an unavailable worker is never selected', (policy) => {
    const random = seededRandom(3);
    const workers = fakeWorkers(20);
    const dispatcher = new FakeDispatcher(policy, workers);
    for (let i = 0; i < 2000; i++) {
      const worker = workers[Math.floor(random() * workers.length)]!;
      worker.available = !worker.available;
      policy.update(worker);
      policy.verify();
      const selected = policy.select({ key: key(i) });
      expect(selected?.available ?? 'nobody').toBe(
        workers.some(({ available }) => available) ? true : 'nobody',
      );
    }
    expect(dispatcher.workers.length).toBe(20);
  });

  conforms('nobody is selected while no worker is available', (policy) => {
    const dispatcher = new FakeDispatcher(policy, fakeWorkers(3), 2);
    expect(count(labels(dispatcher, 7, key))).toEqual(
      new Map([
        ['1', 2],
        ['2', 2],
        ['3', 2],
        ['nobody', 1],
      ]),
    );
    dispatcher.complete(dispatcher.workers[1]!);
    expect(labels(dispatcher, 2, key)).toEqual(['2', 'nobody']);
  });

  conforms('a request without a key waits while no worker is available', (policy) => {
    const dispatcher = new FakeDispatcher(policy, fakeWorkers(3, { available: false }));
    expect(dispatcher.dispatch()).toBeUndefined();
    dispatcher.workers[1]!.available = true;
    policy.update(dispatcher.workers[1]!);
    expect(dispatcher.dispatch()?.label).toBe('2');
  });

  conforms('a worker that is added unavailable is selected once it has room', (policy) => {
    const [first, second] = fakeWorkers(2);
    second!.available = false;
    const dispatcher = new FakeDispatcher(policy, [first!, second!], 200);
    expect(new Set(labels(dispatcher, 20))).toEqual(new Set(['1']));
    second!.available = true;
    policy.update(second!);
    expect(labels(dispatcher, 250)).toContain('2');
  });

  conforms('weights 1:2:3 are the shares of what is given out', (policy) => {
    const workers = [1, 2, 3].map((weight) => fakeWorker(weight, { weight }));
    const counts = count(labels(new FakeDispatcher(policy, workers), 12_000, key));
    const tolerance = TOLERANCE[name] ?? DEFAULT_TOLERANCE;
    for (const { label, weight } of workers) {
      const part = (counts.get(label) ?? 0) / (12_000 * (weight / 6));
      expect(Math.abs(part - 1), `worker ${label} got ${part} of its share`).toBeLessThan(tolerance);
    }
  });

  conforms('of 1,000 workers each gets a request', (policy) => {
    const dispatcher = new FakeDispatcher(policy, fakeWorkers(1000), 1000);
    expect(count(labels(dispatcher, 20_000, key)).size).toBe(1000);
    policy.verify();
    for (const worker of dispatcher.workers.slice(1)) dispatcher.remove(worker);
    policy.verify();
    expect(new Set(labels(dispatcher, 10, key))).toEqual(new Set(['1']));
  });

  conforms('while workers come and go, each gets about its part of what is given out', (policy) => {
    const random = seededRandom(11);
    const dispatcher = new FakeDispatcher(policy, fakeWorkers(10));
    const running: FakeWorker[] = [];
    const expected = new Map<FakeWorker, number>();
    const got = new Map<FakeWorker, number>();
    let id = 10;
    for (let i = 0; i < 40_000; i++) {
      if (i % 2000 === 1999) {
        if (random() < 0.5 && dispatcher.workers.length > 5) dispatcher.remove(dispatcher.workers[2]!);
        else dispatcher.add(fakeWorker(++id));
      }
      for (const worker of dispatcher.workers) {
        expected.set(worker, (expected.get(worker) ?? 0) + 1 / dispatcher.workers.length);
      }
      const worker = dispatcher.dispatch(key(i))!;
      got.set(worker, (got.get(worker) ?? 0) + 1);
      running.push(worker);
      // The oldest of 50 is done, as with runs of the same length.
      if (running.length > 50) dispatcher.complete(running.shift()!);
    }
    const tolerance = TOLERANCE[name] ?? DEFAULT_TOLERANCE;
    for (const [worker, share] of expected) {
      const part = (got.get(worker) ?? 0) / share;
      expect(Math.abs(part - 1), `worker ${worker.id} got ${part} of ${share}`).toBeLessThan(tolerance);
    }
  });

  conforms('each select is matched by exactly one release, also on crash, abort and drain', (policy) => {
    const random = seededRandom(17);
    const dispatcher = new FakeDispatcher(policy, fakeWorkers(8), 6);
    const all = new Set(dispatcher.workers);
    const outstanding: FakeWorker[] = [];
    let id = 8;
    const take = (index: number) => outstanding.splice(index, 1)[0]!;
    for (let i = 0; i < 5000; i++) {
      const dice = random();
      if (dice < 0.55) {
        const worker = dispatcher.dispatch(random() < 0.5 ? key(i) : undefined);
        if (worker !== undefined) outstanding.push(worker);
      } else if (dice < 0.85 && outstanding.length > 0) {
        dispatcher.complete(take(Math.floor(random() * outstanding.length)), { ok: random() < 0.9 });
      } else if (dice < 0.95 && outstanding.length > 0) {
        dispatcher.release(take(outstanding.length - 1));
      } else if (dispatcher.workers.length > 2 && random() < 0.5) {
        const crashed = dispatcher.workers[Math.floor(random() * dispatcher.workers.length)]!;
        dispatcher.remove(crashed);
        // A crash releases at once; draining leaves the requests to be completed later, by the steps above.
        if (random() < 0.5) {
          while (outstanding.includes(crashed)) dispatcher.release(take(outstanding.indexOf(crashed)));
        }
      } else {
        const worker = fakeWorker(++id);
        all.add(worker);
        dispatcher.add(worker);
      }
      policy.verify();
      const counts = count(outstanding);
      for (const worker of all) {
        // Not `expect` itself: it would be called a million times.
        if (worker.pending !== (counts.get(worker) ?? 0)) expect.fail(`worker ${worker.id} lost count`);
      }
    }
    while (outstanding.length > 0) dispatcher.complete(take(0));
    policy.verify();
    for (const worker of all) expect(worker.pending).toBe(0);
  });

  conforms('the same seed and the same calls give the same choices', () => {
    const sequence = () => {
      const dispatcher = new FakeDispatcher(create(name, 23), fakeWorkers(7), 50);
      return labels(dispatcher, 300, key);
    };
    expect(sequence()).toEqual(sequence());
  });

  conforms('a key goes to one worker, if and only if the policy pins', (policy) => {
    const dispatcher = new FakeDispatcher(policy, fakeWorkers(10), 5);
    const workers = new Set(Array.from({ length: 40 }, () => dispatcher.dispatch('the same')));
    if (policy.pins) expect(workers.size).toBe(1);
    else expect(workers.size).toBeGreaterThan(1);
  });
});
