import type { BalancerOptions } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { until } from '../support/until.js';

/** Its thread, and how many requests that has run. A `ms` of work. */
async function use(ms: number): Promise<[thread: number, runs: number]> {
  const { threadId } = await import('node:worker_threads');
  const state = globalThis as { runs?: number };
  state.runs = (state.runs ?? 0) + 1;
  const end = performance.now() + ms;
  while (performance.now() < end);
  return [threadId, state.runs];
}

describe('maxRequestsPerWorker', () => {
  it.each<[string, number, BalancerOptions]>([
    ['each request has a fresh thread', 1, { workers: 2 }],
    ['each request has a fresh thread, of the only worker', 1, { workers: 1 }],
    ['no thread runs more', 7, { workers: 2 }],
    ['no thread runs more, where windows are long', 7, { workers: 2, window: 64 }],
    ['no thread runs more, whose turn it may be', 7, { workers: 3, policy: 'round-robin' }],
    ['no thread runs more, whichever keys are its own', 7, { workers: 2, policy: 'hash' }],
  ])('%s', (_, limit, options) =>
    withSmallBalancer(
      { maxRequestsPerWorker: limit, resourceLimits: undefined, ...options },
      async (balancer) => {
        const count = 12 * Math.min(limit, 4);
        const uses = await Promise.all(
          Array.from({ length: count }, (_, i) =>
            // Of unequal length, so that some is moved to workers that idle.
            balancer.submit(use, [i % 5 === 0 ? 3 : 0], options.policy === 'hash' ? { key: `${i % 3}` } : {}),
          ),
        );
        expect(Math.max(...uses.map(([, runs]) => runs))).toBeLessThanOrEqual(limit);
        expect(new Set(uses.map(([thread]) => thread)).size).toBeGreaterThanOrEqual(count / limit);
        expect(balancer.stats()).toMatchObject({ failed: 0, retried: 0 });
      },
    ),
  );

  it('holds where requests are aborted, and where threads crash', () =>
    withSmallBalancer({ workers: 2, window: 16, maxRequestsPerWorker: 5 }, async (balancer) => {
      const abort = new AbortController();
      const uses: Promise<[number, number]>[] = [];
      const others: Promise<unknown>[] = [];
      for (let i = 0; i < 40; i++) {
        uses.push(balancer.submit(use, [0.2]));
        if (i % 4 === 0) others.push(balancer.submit(use, [0.2], { signal: abort.signal }));
        if (i % 13 === 6) others.push(balancer.submit(faults.crash, ['exit']));
      }
      for (const other of others) other.catch(() => {});
      await uses[10];
      abort.abort();
      for (const [, runs] of await Promise.all(uses)) expect(runs).toBeLessThanOrEqual(5);
      await fates(others);
    }));

  it('starts the fresh thread while the last request that the old one may run is still running', () =>
    withSmallBalancer({ maxRequestsPerWorker: 2 }, async (balancer) => {
      const gate = new Gate();
      const first = balancer.submit(faults.blocked, [gate.words, 1]);
      await gate.reached();
      expect(balancer.stats().workers).toHaveLength(1);
      const second = balancer.submit(faults.echo, [2]);
      await until(() => balancer.stats().workers.length === 2);
      expect(balancer.stats().workers).toMatchObject([{ id: 1 }, { id: 2 }]);
      gate.open();
      expect(await fates([first, second])).toEqual([1, 2]);
    }));

  it('does not count requests of sessions: a session keeps its thread until it is closed', () =>
    withSmallBalancer({ maxRequestsPerWorker: 2 }, async (balancer) => {
      const session = balancer.session();
      const uses = await Promise.all(Array.from({ length: 6 }, () => session.submit(use, [0])));
      expect(new Set(uses.map(([thread]) => thread)).size).toBe(1);
      expect(uses.map(([, runs]) => runs)).toEqual([1, 2, 3, 4, 5, 6]);
      const [thread, runs] = await balancer.submit(use, [0]);
      expect(thread).not.toBe(uses[0]?.[0]);
      expect(runs).toBe(1);
      session.close();
      await until(() => !balancer.stats().workers.some(({ id }) => id === 1));
    }));

  it('does not count the check that a fresh thread must pass', () =>
    withSmallBalancer({ maxRequestsPerWorker: 1, check: () => {} }, async (balancer) => {
      const uses = await Promise.all(Array.from({ length: 4 }, () => balancer.submit(use, [0])));
      expect(uses.map(([, runs]) => runs)).toEqual([1, 1, 1, 1]);
    }));

  it('tells of the ends of threads as of expected ones', () =>
    withSmallBalancer({ maxRequestsPerWorker: 20 }, async (balancer) => {
      const ended: { id: number; expected: boolean }[] = [];
      balancer.on('workerEnd', (event) => ended.push(event));
      while (ended.length < 3) await fates(Array.from({ length: 20 }, () => balancer.submit(faults.thread)));
      expect(ended.slice(0, 3)).toMatchObject([1, 2, 3].map((id) => ({ id, expected: true })));
      expect(balancer.stats()).toMatchObject({ failed: 0, retried: 0 });
    }));
});

describe('maxHeapPerWorker', () => {
  it('replaces a worker whose heap has grown too large; nothing fails', () =>
    withSmallBalancer(
      { maxHeapPerWorker: 64, resourceLimits: { maxOldGenerationSizeMb: 512 } },
      async (balancer) => {
        const ended: { id: number; expected: boolean }[] = [];
        balancer.on('workerEnd', (event) => ended.push(event));
        const threads: unknown[] = [];
        while (ended.length === 0) threads.push(await balancer.submit(faults.leak, [2]));
        // It was not ended before its time.
        expect(threads.length).toBeGreaterThan(10);
        expect(ended).toMatchObject([{ id: 1, expected: true }]);
        await until(() => balancer.stats().workers.length === 1);
        expect(await balancer.submit(faults.thread)).not.toBe(threads[0]);
      },
    ));
});

describe('maxRequestsPerWorker and items that travel together', () => {
  it.each([
    ['auto', 7],
    [10, 7],
    [3, 7],
    [10, 1],
  ] as const)('batch %s: no thread runs more than %s items', (batch, limit) =>
    withSmallBalancer(
      { workers: 2, window: 'auto', maxRequestsPerWorker: limit, resourceLimits: undefined },
      async (balancer) => {
        const items = Array.from({ length: 6 * Math.min(limit, 5) }, () => 0);
        const uses: [number, number][] = [];
        for await (const each of balancer.map(items, use, { batch })) uses.push(each);
        expect(uses).toHaveLength(items.length);
        expect(Math.max(...uses.map(([, runs]) => runs))).toBeLessThanOrEqual(limit);
        expect(balancer.stats()).toMatchObject({ failed: 0, retried: 0 });
      },
    ),
  );
});
