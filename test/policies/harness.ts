import type { Outcome, Policy, PolicyContext, WorkerView } from '../../dist/src/policies/policy.js';

/** A worker whose numbers the test sets. */
export type FakeWorker = { -readonly [K in keyof WorkerView]: WorkerView[K] };

export function fakeWorker(id: number, values: Partial<WorkerView> = {}): FakeWorker {
  return { id, label: String(id), weight: 1, pending: 0, work: 0, available: true, ...values };
}

export function fakeWorkers(count: number, values: Partial<WorkerView> = {}): FakeWorker[] {
  return Array.from({ length: count }, (_, index) => fakeWorker(index + 1, values));
}

/** Uniform in [0, 1), the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Time that the test moves on, and seeded randomness. */
export function fakeContext(seed = 1): PolicyContext & { advance(ms: number): void } {
  let time = 0;
  return {
    now: () => time,
    random: seededRandom(seed),
    advance: (ms) => {
      time += ms;
    },
  };
}

/** What a dispatcher does to a policy: select, raise, update; then observe, lower, update. */
export class FakeDispatcher {
  readonly policy: Policy;
  readonly workers: FakeWorker[] = [];
  /** Requests that a worker may have pending; from then on it is not available. */
  readonly depth: number;
  /** Mean run time of each request, in ms. */
  readonly runTime: number;

  constructor(policy: Policy, workers: readonly FakeWorker[] = [], depth = Infinity, runTime = 1) {
    this.policy = policy;
    this.depth = depth;
    this.runTime = runTime;
    for (const worker of workers) this.add(worker);
  }

  add(worker: FakeWorker): void {
    this.workers.push(worker);
    this.policy.add(worker);
  }

  /** As on a crash and on draining. The worker's requests stay its own until completed. */
  remove(worker: FakeWorker): void {
    this.workers.splice(this.workers.indexOf(worker), 1);
    this.policy.remove(worker);
  }

  dispatch(key?: string): FakeWorker | undefined {
    const worker = this.policy.select({ key }) as FakeWorker | undefined;
    if (worker !== undefined) this.change(worker, 1);
    return worker;
  }

  complete(worker: FakeWorker, outcome: Partial<Outcome> = {}): void {
    this.policy.observe?.(worker, { runTime: this.runTime, ok: true, ...outcome });
    this.change(worker, -1);
  }

  /** Takes a request back without a run: reclaim, abort, crash. */
  release(worker: FakeWorker): void {
    this.change(worker, -1);
  }

  private change(worker: FakeWorker, by: 1 | -1): void {
    worker.pending += by;
    worker.work += by * this.runTime;
    worker.available = worker.pending < this.depth;
    this.policy.update(worker);
  }
}

/** How often each value occurs. */
export function count<T>(values: Iterable<T>): Map<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** The labels of `n` requests' workers, one after another. */
export function labels(dispatcher: FakeDispatcher, n: number, key?: (index: number) => string): string[] {
  return Array.from({ length: n }, (_, index) => dispatcher.dispatch(key?.(index))?.label ?? 'nobody');
}
