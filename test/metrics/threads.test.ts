/** Threads count most runs themselves: see `src/protocol/tally.ts`. */
import type { Worker as Thread } from 'node:worker_threads';
import { Balancer, type OutcomeCounts } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { IdleObserver } from '../../dist/src/ledger/observer.js';
import type { MetricsSnapshot } from '../../dist/src/metrics/snapshot.js';
import { type Observation, observationsOf } from '../../dist/src/stats/observation.js';
import { withBalancer } from '../support/balancer.js';
import { faults } from '../support/faults.js';
import { range } from '../support/range.js';
import { until } from '../support/until.js';

/** So many that the thread counts: only the first ones are counted by the main thread. */
const MANY = 500;
const noop = () => {};

async function runMany(balancer: Balancer, task: () => unknown = noop, count = MANY): Promise<void> {
  await Promise.all(range(0, count).map(() => balancer.submit(task)));
}

const count = ({ runTime, waitTime }: MetricsSnapshot) => {
  expect(waitTime.count).toBe(runTime.count);
  return runTime.count;
};

describe('metrics that threads count', () => {
  it('have the run of a thread that has counted it, and ends before it has completed it, once', () =>
    withBalancer({ workers: 1, metrics: true, retries: 0 }, async (balancer) => {
      const task = (end: boolean) => {
        if (!end) return;
        // The store that would publish the completion.
        const { store } = Atomics;
        Atomics.store = ((...given: Parameters<typeof store>) =>
          /complete/.test(new Error().stack!) ? process.exit(3) : store(...given)) as typeof store;
      };
      for (const _ of range(0, MANY)) await balancer.submit(task, [false]);
      await expect(balancer.submit(task, [true])).rejects.toMatchObject({ code: 'ERR_WORKER_CRASHED' });
      const snapshot = balancer.metrics().snapshot();
      expect(count(snapshot)).toBe(MANY + 1);
      expect(snapshot.tasks).toMatchObject([{ failed: 1 }]);
    }));

  it('have each run as soon as its promise is settled, and its bytes', () =>
    withBalancer({ workers: 1, metrics: true }, async (balancer) => {
      for (const n of range(1, MANY)) {
        await balancer.submit((text: string) => text + text, ['0123456789']);
        expect(count(balancer.metrics().snapshot())).toBe(n);
      }
      const [task] = balancer.metrics().snapshot().tasks;
      expect(task).toMatchObject({
        count: MANY - 1,
        bytesIn: (MANY - 1) * (16 + 20),
        bytesOut: (MANY - 1) * 40,
        outcomes: { fulfilled: MANY - 1 },
      });
    }));

  it('have times as they are: wait behind others, a run, a failure', () =>
    withBalancer({ workers: 1, metrics: true }, async (balancer) => {
      const task = (ms: number) => {
        for (const end = performance.now() + ms; performance.now() < end; );
        if (ms === 7) throw new Error('no');
      };
      await Promise.all(range(0, MANY).map(() => balancer.submit(task, [0])));
      const reader = balancer.metrics().reader();
      await Promise.allSettled(range(0, 5).map(() => balancer.submit(task, [7])));
      const { tasks, runTime, waitTime } = reader.read();
      expect(tasks).toMatchObject([{ count: 5, failed: 5 }]);
      expect(runTime.min).toBeGreaterThan(6.9);
      expect(runTime.mean).toBeGreaterThanOrEqual(7);
      expect(waitTime.min).toBeLessThan(waitTime.max);
      expect(waitTime.max).toBeGreaterThan(4 * 6.9);
    }));

  it('have items of a map once each, and their chunks not', () =>
    withBalancer({ workers: 1, metrics: true }, async (balancer) => {
      const task = (n = 0) => n + 1;
      await runMany(balancer, task);
      for await (const _ of balancer.map(range(0, 100), task, { batch: 20 }));
      // The loop has the last outcome before its chunk is over.
      await until(() => balancer.stats().pending === 0);
      expect(count(balancer.metrics().snapshot())).toBe(MANY + 100);
    }));

  it('have times that are too long for a thread to count', () =>
    withBalancer({ workers: 1, metrics: true }, async (balancer) => {
      const task = (ms: number) => {
        for (const end = performance.now() + ms; performance.now() < end; );
      };
      const submit = (ms: number) => balancer.submit(task, [ms]);
      await Promise.all(range(0, MANY).map(() => submit(0)));
      const reader = balancer.metrics().reader();
      await Promise.all([submit(1_100), submit(0), submit(0)]);
      const { runTime, waitTime } = reader.read();
      expect([runTime.count, waitTime.count]).toEqual([3, 3]);
      expect(runTime.max).toBeGreaterThan(1_080);
      expect([runTime.p50, waitTime.min].every((ms) => ms < 1_000)).toBe(true);
      expect(waitTime.p50).toBeGreaterThan(1_080);
    }));

  it('are read by intervals and reset, also where a thread has ended in between', () =>
    withBalancer({ workers: 2, metrics: true }, async (balancer) => {
      const metrics = balancer.metrics();
      await runMany(balancer);
      const [first, second] = [metrics.reader(), metrics.reader()];
      await runMany(balancer);
      expect(count(first.read())).toBe(MANY);
      metrics.reset();
      await balancer.reload();
      await runMany(balancer);
      expect([first.read(), first.read(), second.read(), metrics.snapshot()].map(count)).toEqual([
        MANY,
        0,
        2 * MANY,
        MANY,
      ]);
    }));

  it('go on where a task has replaced what they might call', () =>
    withBalancer({ workers: 1, metrics: true }, async (balancer) => {
      await runMany(balancer);
      await balancer.submit(() => {
        Math.max = () => {
          throw new Error('replaced');
        };
        performance.now = () => Number.NaN;
      });
      await runMany(balancer);
      expect(count(balancer.metrics().snapshot())).toBe(2 * MANY + 1);
      expect(balancer.stats().threads.ended).toBe(0);
    }));

  it('survive crashes and close()', async () => {
    const metrics = await withBalancer({ workers: 1, metrics: true }, async (balancer) => {
      for (const _ of range(0, 3)) {
        await runMany(balancer);
        await balancer.submit(faults.crash, ['exit']).catch(() => {});
      }
      return balancer.metrics();
    });
    const { tasks, ...all } = metrics.snapshot();
    expect(count({ tasks, ...all })).toBe(3 * MANY + 3);
    expect([...tasks].sort((a, b) => b.count - a.count)).toMatchObject([
      { task: 'noop', count: 3 * MANY, failed: 0 },
      { count: 3, failed: 3, outcomes: { crashed: 3 } },
    ]);
  });

  it('begin anew where they are asked for again, and have nothing of the time between', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      const [observation] = observationsOf(balancer) as [Observation];
      const first = observation.measure();
      await runMany(balancer);
      first.stop();
      // So that it is known when requests were submitted.
      const unobserve = observation.observe(new IdleObserver());
      await runMany(balancer);
      const second = observation.measure();
      expect(count(second.metrics.snapshot())).toBe(0);
      await runMany(balancer);
      expect(count(second.metrics.snapshot())).toBe(MANY);
      second.stop();
      unobserve();
    }));

  it('have each run once, of whichever of many tasks, also those that a thread has forgotten', () =>
    withBalancer({ workers: 1, metrics: true }, async (balancer) => {
      await runMany(balancer);
      for (const n of range(0, 1_100)) await balancer.submit(new Function(`return ${n}`) as () => number);
      await runMany(balancer);
      await runMany(balancer, new Function('return -1') as () => number);
      expect(count(balancer.metrics().snapshot())).toBe(3 * MANY + 1_100);
    }));

  it('count each run once where threads are ended at any moment', async () => {
    const threads = new Set<Thread>();
    const added = (thread: Thread) => {
      threads.add(thread);
      thread.on('exit', () => threads.delete(thread));
    };
    process.on('worker', added);
    const balancer = new Balancer({ workers: 3, metrics: true });
    const metrics = balancer.metrics();
    const reader = metrics.reader();
    let read = 0;
    const kinds = [noop, () => 'text', async () => 1, (n = 0) => n + 1];
    let seed = 1;
    const random = () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    for (const round of range(0, 25)) {
      const settled = Promise.allSettled(
        range(0, 3_000).map((n) => balancer.submit(kinds[(n >> 6) & 3] as () => unknown)),
      );
      // After some of them: the moment falls anywhere.
      for (const end = performance.now() + 4 * random(); performance.now() < end; ) {
        await null;
        read += reader.read().runTime.count;
      }
      void [...threads][round % 3]?.terminate();
      await settled;
      read += reader.read().runTime.count;
    }
    await balancer.close();
    process.off('worker', added);
    const { outcomes, submitted } = balancer.stats();
    const { fulfilled, crashed } = outcomes;
    expect(fulfilled + crashed).toBe(submitted);
    const snapshot = metrics.snapshot();
    const runs = count(snapshot);
    const failed = snapshot.tasks.reduce((sum, task) => sum + task.failed, 0);
    // A thread may have ended between its claim of a request and its start.
    expect(failed).toBeLessThanOrEqual(crashed);
    expect(runs).toBe(fulfilled + failed);
    expect(read + reader.read().runTime.count).toBe(runs);
    const sumOf = (name: keyof OutcomeCounts) =>
      snapshot.tasks.reduce((sum, task) => sum + task.outcomes[name], 0);
    expect([sumOf('fulfilled'), sumOf('crashed')]).toEqual([fulfilled, crashed]);
  });
});
