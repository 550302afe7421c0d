import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { Balancer, type BalancerStats, type OutcomeCounts, type RequestOutcome } from 'leastwork';
import { expect, it } from 'vitest';
import { faults } from '../support/faults.js';

/** A request of each kind of fate: some are certain, some depend on who comes first. */
const kinds = {
  gives: (b: Balancer) => b.submit((n) => n, [1]),
  throws: (b: Balancer) => b.submit(() => Promise.reject(new Error('no')), []),
  cannotBeSent: (b: Balancer) => b.submit((v: unknown) => v, [Symbol('v')]),
  crashes: (b: Balancer) => b.submit(faults.crash, ['exit']),
  crashesTwice: (b: Balancer) => b.submit(faults.crash, ['exit'], { retries: 1 }),
  isAbortedBefore: (b: Balancer) => b.submit((n) => n, [1], { signal: AbortSignal.abort() }),
  isAbortedSoon: (b: Balancer) => {
    const controller = new AbortController();
    const result = b.submit(spin, [2], { signal: controller.signal });
    setImmediate(() => controller.abort());
    return result;
  },
  runsTooLong: (b: Balancer) => b.submit(sleep, [60_000], { timeout: 1 }),
  waitsTooLong: (b: Balancer) => b.submit((n) => n, [1], { queueTimeout: 0.01 }),
  inASession: async (b: Balancer) => {
    using session = b.session();
    return await session.submit((n) => n, [1]);
  },
} satisfies Record<string, (balancer: Balancer) => Promise<unknown>>;

/** Items of a map and values of a stream: they are counted, and nobody here knows how many of them start. */
const loops = {
  chunks: async (b: Balancer) => {
    for await (const _ of b.mapSettled(numbers(50), (n) => n / 2, { batch: 7 }));
  },
  failingItems: async (b: Balancer) => {
    const task = (n: number) => (n % 5 === 0 ? Promise.reject(new Error('no')) : n);
    const retry = { attempts: 2, delay: 0 };
    for await (const _ of b.mapSettled(numbers(30), task, { batch: 6, retry, ordered: false }));
  },
  leftEarly: async (b: Balancer) => {
    for await (const n of b.map(numbers(200), (v) => v, { batch: 10 })) if (n === 15) break;
  },
  crashingItem: async (b: Balancer) => {
    const task = (n: number) => (n === 11 ? process.exit(1) : n);
    for await (const _ of b.mapSettled(numbers(24), task, { batch: 8, submit: { retries: 1 } }));
  },
  slowItem: async (b: Balancer) => {
    const task = (n: number) => new Promise((resolve) => setTimeout(resolve, n === 5 ? 60_000 : 0));
    for await (const _ of b.mapSettled(numbers(12), task, { batch: 6, submit: { timeout: 20 } }));
  },
  abortedMap: async (b: Balancer) => {
    const controller = new AbortController();
    const { signal } = controller;
    for await (const n of b.map(numbers(200), (v) => v, { batch: 10, signal }))
      if (n === 15) controller.abort();
  },
  streamLeft: async (b: Balancer) => {
    for await (const n of b.stream(naturals)) if (n === 3) break;
  },
} satisfies Record<string, (balancer: Balancer) => Promise<unknown>>;

function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function* naturals(): Generator<number> {
  for (let n = 0; ; n++) yield n;
}

function* numbers(count: number): Generator<number> {
  for (let n = 0; n < count; n++) yield n;
}

const step = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom(...(Object.keys(kinds) as (keyof typeof kinds)[])) },
  { weight: 3, arbitrary: fc.constantFrom(...(Object.keys(loops) as (keyof typeof loops)[])) },
  { weight: 6, arbitrary: fc.constant('turn' as const) },
);

const program = fc.record({
  steps: fc.array(step, { minLength: 1, maxLength: 40 }),
  window: fc.constantFrom(1, 4, 'auto' as const),
  maxQueue: fc.constantFrom(3, 1000),
  end: fc.constantFrom(
    { timeout: Number.POSITIVE_INFINITY },
    { timeout: 0 },
    { queued: 'reject' as const, timeout: Number.POSITIVE_INFINITY },
  ),
});

/** What became of a request, by what its caller sees of it. */
function outcomeOf(reason: unknown, wasClosed: boolean): RequestOutcome {
  const { code, name, phase } = reason as { code?: unknown; name?: string; phase?: string };
  if (name === 'AbortError') return 'aborted';
  switch (code) {
    case 'ERR_QUEUE_FULL':
    case 'ERR_NO_WORKER':
      return 'refused';
    case 'ERR_BALANCER_CLOSED':
      return wasClosed ? 'refused' : 'closed';
    case 'ERR_TASK_TIMEOUT':
      return phase === 'run' ? 'timed-out-running' : 'timed-out-queued';
    case 'ERR_WORKER_CRASHED':
      return 'crashed';
    default:
      return 'failed';
  }
}

function sumOf(outcomes: OutcomeCounts): number {
  return Object.values(outcomes).reduce((sum, count) => sum + count, 0);
}

/** At any time. */
function expectBalance(stats: BalancerStats, earlier: BalancerStats | undefined): void {
  const { submitted, queued, running, outcomes, refusals } = stats;
  expect(submitted).toBe(sumOf(outcomes) + queued + running);
  expect(queued).toBeGreaterThanOrEqual(0);
  expect(running).toBeGreaterThanOrEqual(0);
  expect(sumOf(refusals as never)).toBe(outcomes.refused);
  if (earlier === undefined) return;
  expect(submitted).toBeGreaterThanOrEqual(earlier.submitted);
  for (const [outcome, count] of Object.entries(earlier.outcomes))
    expect(outcomes[outcome as RequestOutcome]).toBeGreaterThanOrEqual(count);
}

it('every request is queued, running, or has one outcome: that which its caller sees', async () => {
  await fc.assert(
    fc.asyncProperty(program, async ({ steps, window, maxQueue, end }) => {
      const balancer = new Balancer({ workers: 2, window, maxQueue, grace: 5, heartbeat: false });
      const seen: Partial<Record<RequestOutcome, number>> = {};
      const count = (outcome: RequestOutcome) => {
        seen[outcome] = (seen[outcome] ?? 0) + 1;
      };
      const all: Promise<unknown>[] = [];
      const ofLoops: Promise<unknown>[] = [];
      let earlier: BalancerStats | undefined;
      const look = () => {
        const stats = balancer.stats();
        expectBalance(stats, earlier);
        earlier = stats;
        if (ofLoops.length > 0) return;
        expect(stats.outcomes).toMatchObject(seen);
        // Counted in another way: what lies in the queue and with the workers, but for what was given up
        // there.
        const givenUp = stats.waiting + stats.pending - queuedAndRunning(stats);
        expect(givenUp).toBeGreaterThanOrEqual(0);
        expect(givenUp).toBeLessThanOrEqual(stats.workers.length);
      };
      for (const name of steps) {
        if (name === 'turn') {
          await turn();
          look();
        } else if (Object.hasOwn(loops, name)) {
          ofLoops.push(loops[name as keyof typeof loops](balancer).catch(() => {}));
        } else {
          const result = kinds[name as keyof typeof kinds](balancer);
          all.push(
            result.then(
              () => count('fulfilled'),
              (reason) => count(outcomeOf(reason, false)),
            ),
          );
        }
        expectBalance(balancer.stats(), earlier);
      }
      const closed = balancer.close(end);
      all.push(balancer.submit(() => 1).then(undefined, (reason) => count(outcomeOf(reason, true))));
      expectBalance(balancer.stats(), earlier);
      await Promise.all([closed, ...all, ...ofLoops]);
      const stats = balancer.stats();
      expectBalance(stats, earlier);
      expect(stats).toMatchObject({ queued: 0, running: 0, pending: 0, submitted: sumOf(stats.outcomes) });
      if (ofLoops.length === 0) expect(stats.outcomes).toMatchObject(seen);
    }),
    { numRuns: 15 },
  );
}, 120_000);

function queuedAndRunning({ queued, running }: BalancerStats): number {
  return queued + running;
}
