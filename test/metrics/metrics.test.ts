import { Balancer, InvalidOptionError, type OutcomeCounts } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { type Observation, observationsOf } from '../../dist/src/stats/observation.js';
import { withBalancer } from '../support/balancer.js';
import { next } from '../support/events.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { range } from '../support/range.js';
import { until } from '../support/until.js';

function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('metrics', () => {
  it('have wait time and run time of each task and in all, the longest task first', () =>
    withBalancer({ workers: 1, metrics: true }, async (balancer) => {
      await Promise.all(range(0, 5).map(() => balancer.submit(spin, [4])));
      await balancer.submit(function quick() {}, []);
      await balancer
        .submit(function bad() {
          throw new Error('no');
        })
        .catch(() => {});
      const { waitTime, runTime, tasks } = balancer.metrics().snapshot();
      expect([waitTime.count, runTime.count]).toEqual([7, 7]);
      expect(tasks.map(({ task, count, failed }) => ({ task, count, failed }))).toContainEqual({
        task: 'bad',
        count: 1,
        failed: 1,
      });
      // A short one may have been interrupted for longer than the others ran.
      const times = tasks.map(({ count, runTime }) => count * runTime.mean);
      expect(times).toEqual(times.toSorted((a, b) => b - a));
      const spinning = tasks.find(({ task }) => task === 'spin');
      expect(spinning).toMatchObject({ task: 'spin', count: 5, failed: 0, outcomes: { fulfilled: 5 } });
      expect(spinning?.runTime.min).toBeGreaterThan(3.9);
      // They ran one after the other.
      expect(spinning?.waitTime.max).toBeGreaterThan(4 * 3.9);
      expect(spinning?.waitTime.max).toBeLessThan(1e5);
    }));

  it('of a map count each item, with its own run time', () =>
    withBalancer({ workers: 2, metrics: true }, async (balancer) => {
      const task = (n: number) => {
        const end = performance.now() + (n === 7 ? 20 : 0);
        while (performance.now() < end);
        return 'x'.repeat(n);
      };
      for await (const _ of balancer.map(range(0, 100), task, { batch: 20 }));
      // The loop has the last outcome before its chunk is over.
      await until(() => balancer.stats().pending === 0);
      const [metrics] = balancer.metrics().snapshot().tasks;
      expect(metrics).toMatchObject({ count: 100, failed: 0 });
      expect(metrics?.runTime.max).toBeGreaterThan(19);
      expect(metrics?.runTime.p95).toBeLessThan(19);
      expect(metrics?.bytesOut).toBeGreaterThanOrEqual((99 * 100) / 2);
    }));

  it('have outcomes by task that add up to those of the Balancer: items of a map, refused ones, the closed', async () => {
    const balancer = new Balancer({ workers: 1, maxQueue: 1, window: 1, metrics: true });
    const sums = () => {
      const { tasks } = balancer.metrics().snapshot();
      const names = Object.keys(balancer.stats().outcomes) as (keyof OutcomeCounts)[];
      const sum = (name: keyof OutcomeCounts) => tasks.reduce((all, task) => all + task.outcomes[name], 0);
      return Object.fromEntries(names.map((name) => [name, sum(name)]));
    };
    for await (const _ of balancer.mapSettled(
      range(0, 50),
      (n) => {
        if (n % 10 === 0) throw new Error('no');
      },
      { batch: 10 },
    ));
    expect(sums()).toMatchObject({ fulfilled: 45, failed: 5 });
    const controller = new AbortController();
    const settled = Promise.allSettled([
      ...range(0, 5).map(() => balancer.submit(spin, [5])),
      balancer.submit(spin, [5], { signal: controller.signal }),
    ]);
    controller.abort();
    await settled;
    const { fulfilled, refused } = balancer.stats().outcomes;
    expect(refused).toBeGreaterThan(0);
    expect(fulfilled).toBeGreaterThan(45);
    await balancer.close();
    await balancer.submit(spin, [1]).catch(() => {});
    expect(sums()).toEqual(balancer.stats().outcomes);
  });

  it('begin with what is counted from then on, where they are asked for later', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      const never = () => 1;
      await balancer.submit(never);
      await balancer.submit(spin, [0]);
      const [observation] = observationsOf(balancer) as [Observation];
      const { metrics, stop } = observation.measure();
      await balancer.submit(spin, [0]);
      const { tasks } = metrics.snapshot();
      expect(tasks).toMatchObject([{ task: 'spin', count: 1, outcomes: { fulfilled: 1 } }]);
      stop();
      await balancer.submit(spin, [0]);
      expect(metrics.snapshot().tasks).toMatchObject([{ count: 1 }]);
    }));

  it('can be reset, and read by intervals that do not disturb each other', () =>
    withBalancer({ workers: 1, metrics: true }, async (balancer) => {
      const metrics = balancer.metrics();
      const count = ({ runTime }: { runTime: { count: number } }) => runTime.count;
      await balancer.submit(() => 1);
      const [first, second] = [metrics.reader(), metrics.reader()];
      await balancer.submit(() => 1);
      expect(count(first.read())).toBe(1);
      metrics.reset();
      await balancer.submit(() => 1);
      expect([first.read(), first.read(), second.read(), metrics.snapshot()].map(count)).toEqual([
        1, 0, 2, 1,
      ]);
    }));

  it('survive dead workers and close(), and count what the dead one ran', async () => {
    const metrics = await withBalancer({ workers: 1, metrics: true }, async (balancer) => {
      await balancer.submit(faults.crash, ['exit']).catch(() => {});
      await balancer.submit(faults.echo, [1]);
      return balancer.metrics();
    });
    // They come by their time, and which of the two took longer is not known.
    const byName = [...metrics.snapshot().tasks].sort((a, b) => a.task.localeCompare(b.task));
    expect(byName).toMatchObject([
      { task: 'tasks.mjs#crash', count: 1, failed: 1, outcomes: { crashed: 1 } },
      { task: 'tasks.mjs#echo', count: 1, outcomes: { fulfilled: 1 } },
    ]);
  });

  it('count a request that was given up as a run, when it ends', () =>
    withBalancer({ workers: 1, metrics: true, grace: Number.POSITIVE_INFINITY }, async (balancer) => {
      const gate = new Gate();
      const controller = new AbortController();
      const blocked = balancer.submit(faults.blocked, [gate.words], { signal: controller.signal });
      await gate.reached();
      controller.abort();
      await blocked.catch(() => {});
      const [before] = balancer.metrics().snapshot().tasks;
      expect(before).toMatchObject({ count: 0, outcomes: { aborted: 1 } });
      gate.open();
      await balancer.submit(faults.echo, [1]);
      const after = balancer
        .metrics()
        .snapshot()
        .tasks.find(({ task }) => task === before?.task);
      expect(after).toMatchObject({ count: 1, outcomes: { aborted: 1 } });
    }));

  it('know sizes of arguments and results', () =>
    withBalancer({ workers: 1, metrics: true }, async (balancer) => {
      await balancer.submit((bytes: Uint8Array) => bytes.subarray(0, 10_000), [new Uint8Array(50_000)]);
      const [metrics] = balancer.metrics().snapshot().tasks;
      expect(metrics?.bytesIn).toBeGreaterThanOrEqual(50_000);
      expect(metrics?.bytesIn).toBeLessThan(60_000);
      expect(metrics?.bytesOut).toBeGreaterThanOrEqual(10_000);
      expect(metrics?.bytesOut).toBeLessThan(12_000);
    }));

  it('are refused where they are not on', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      expect(() => balancer.metrics()).toThrow(InvalidOptionError);
      expect(() => balancer.metrics()).toThrow('metrics: true');
    }));

  it('do not count a start-up check in which a thread has died', async () => {
    const balancer = new Balancer({ workers: 1, metrics: true, check: () => process.exit(3) });
    await next(balancer, 'workerEnd');
    expect(balancer.metrics().snapshot()).toMatchObject({ runTime: { count: 0 }, tasks: [] });
    await balancer.close();
  });

  it('do not count runs of the start-up check, which are no requests', () =>
    withBalancer({ workers: 1, metrics: true, check: () => 1 }, async (balancer) => {
      await balancer.submit(() => 'result'.repeat(10));
      const { runTime, waitTime, tasks } = balancer.metrics().snapshot();
      expect([runTime.count, waitTime.count, tasks.length]).toEqual([1, 1, 1]);
      expect(tasks[0]).toMatchObject({ bytesIn: 0, bytesOut: 120 });
    }));
});
