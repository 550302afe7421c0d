import { Balancer, type BalancerStats, Router } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withBalancer, withSmallBalancer } from '../support/balancer.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { range } from '../support/range.js';
import { until } from '../support/until.js';

describe('stats()', () => {
  it('say what each worker runs, and since when', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      const before = performance.now();
      const blocked = balancer.submit(faults.blocked, [gate.words]);
      await gate.reached();
      const [worker] = balancer.stats().workers;
      expect(worker?.running).toMatchObject({ task: 'tasks.mjs#blocked', id: 1 });
      expect(worker?.running?.since).toBeGreaterThan(before);
      expect(worker?.running?.since).toBeLessThan(performance.now());
      gate.open();
      await blocked;
      expect(balancer.stats().workers[0]?.running).toBeUndefined();
    }));

  it('have properties of their own also for what is not there, which JSON leaves out', () =>
    withSmallBalancer({}, async (balancer) => {
      await balancer.ready();
      const stats = balancer.stats();
      const worker = stats.workers[0] as object;
      expect([Object.hasOwn(stats, 'maxQueue'), stats.maxQueue]).toEqual([true, undefined]);
      expect(['running', 'heap'].map((name) => Object.hasOwn(worker, name))).toEqual([true, true]);
      expect(JSON.stringify(stats)).not.toMatch(/maxQueue|"running":\{/);
    }));

  it('say which item of a map a worker runs', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      const task = (words: unknown) => {
        if (typeof words === 'number') return;
        const shared = words as Int32Array;
        Atomics.store(shared, 0, 1);
        Atomics.notify(shared, 0);
        Atomics.wait(shared, 1, 0);
      };
      // Shared memory does not travel in a chunk: it goes alone, with its own id.
      const done = (async () => {
        for await (const _ of balancer.map([1, 2, gate.words], task, { batch: 2 }));
      })();
      await gate.reached();
      // Outcomes of the first two may still be on their way.
      await until(() => balancer.stats().running === 1);
      const { queued, workers } = balancer.stats();
      expect(queued).toBe(0);
      expect(workers[0]?.running?.id).toBe(3);
      gate.open();
      await done;
    }));

  it('have the part of the time that a worker was running something, since they were last asked', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      const blocked = balancer.submit(faults.blocked, [gate.words]);
      await gate.reached();
      balancer.stats();
      const start = performance.now();
      await until(() => performance.now() - start > 5);
      expect(balancer.stats().workers[0]?.utilization).toBeGreaterThan(0.99);
      gate.open();
      await blocked;
      balancer.stats();
      const idle = performance.now();
      await until(() => performance.now() - idle > 5);
      expect(balancer.stats().workers[0]?.utilization).toBe(0);
    }));

  it('know the heap of a thread that has run something, its age, and how many there were before it', () =>
    withSmallBalancer({}, async (balancer) => {
      await balancer.submit(faults.crash, ['exit']).catch(() => {});
      await balancer.submit(faults.echo, [1]);
      await until(() => balancer.stats().workers[0]?.heap !== undefined);
      const { workers, threads } = balancer.stats();
      expect(workers[0]).toMatchObject({ id: 2, restarts: 1 });
      expect(workers[0]?.age).toBeGreaterThan(0);
      expect(workers[0]?.heap).toBeGreaterThan(2 ** 20);
      expect(threads).toEqual({ started: 2, ended: 1, crashed: 1 });
    }));

  it('count no start-up steps, also while a worker runs them', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      const gate = new Gate();
      await balancer.workersReady();
      await balancer.broadcast(faults.busy, [2, 1]);
      const blocked = balancer.broadcast(faults.blocked, [gate.words]);
      await gate.reached();
      const added = balancer.add();
      // It has run the first one by then.
      await gate.reached(2);
      const { busyTime, completed, workers } = balancer.stats();
      expect(workers[1]).toMatchObject({ state: 'checking', completed: 0, busyTime: 0 });
      expect([completed, busyTime]).toEqual([1, workers[0]?.busyTime]);
      gate.open();
      await Promise.all([blocked, added]);
    }));

  it('keep their totals when workers end, and after close()', async () => {
    const balancer = new Balancer({ workers: 2 });
    await Promise.all(range(0, 50).map((n) => balancer.submit(faults.busy, [1, n])));
    await balancer.resize(1);
    const { busyTime } = balancer.stats();
    expect(busyTime).toBeGreaterThan(45);
    await balancer.close();
    const stats = balancer.stats();
    expect(stats).toMatchObject({
      submitted: 50,
      outcomes: { fulfilled: 50 },
      threads: { ended: 2, crashed: 0 },
    });
    expect(stats.busyTime).toBeCloseTo(busyTime);
  });

  it('lose nothing in JSON', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      await balancer.submit(faults.echo, [1]);
      const stats = balancer.stats();
      expect(stats.maxQueue).toBeUndefined();
      expect(JSON.stringify(stats)).not.toContain('null');
      const { circuit, ...plain } = stats;
      expect(JSON.parse(JSON.stringify(plain))).toEqual(plain);
      expect(circuit).toMatchObject({ state: 'closed' });
    }));

  it('count what is refused once the Balancer is closed', async () => {
    const balancer = new Balancer({ workers: 1 });
    await balancer.close();
    await expect(balancer.submit(faults.echo, [1])).rejects.toMatchObject({ code: 'ERR_BALANCER_CLOSED' });
    expect(balancer.stats()).toMatchObject({
      submitted: 1,
      outcomes: { refused: 1 },
      refusals: { closed: 1, 'queue-full': 0, 'no-worker': 0 },
    });
  });

  it('say why items were refused when they say that they were', async () => {
    // Where the event loop turns between the close and the next chunk, the map has ended, and nothing is refused.
    let refused = 0;
    for (let i = 0; i < 50 && refused === 0; i++) refused = await refusedInAMap();
    expect(refused).toBeGreaterThan(0);
  });

  /** Closes a Balancer in the middle of a map, and looks at all times. @returns how many items were refused */
  async function refusedInAMap(): Promise<number> {
    const balancer = new Balancer({ workers: 1 });
    const closed: Promise<void>[] = [];
    const task = (n: number): number => n;
    const items = async function* () {
      for (let n = 0; n < 500; n++) yield n;
      closed.push(balancer.close({ queued: 'reject', timeout: 0 }));
      look();
      for (let n = 0; n < 500; n++) yield n;
    };
    const seen: BalancerStats[] = [];
    const look = (): void => {
      seen.push(balancer.stats());
      if (seen.length < 5_000) queueMicrotask(look);
    };
    const all = async () => {
      for await (const _ of balancer.mapSettled(items(), task, { batch: 100 }));
    };
    await expect(all()).rejects.toMatchObject({ code: 'ERR_BALANCER_CLOSED' });
    await Promise.all(closed);
    seen.push(balancer.stats());
    for (const { outcomes, refusals } of seen)
      expect(refusals).toEqual({ 'queue-full': 0, 'no-worker': 0, closed: outcomes.refused });
    return balancer.stats().refusals.closed;
  }

  it('count each thread that was started, and know which of them are gone', async () => {
    const balancer = new Balancer({ workers: 2 });
    expect(balancer.stats().threads).toEqual({ started: 2, ended: 0, crashed: 0 });
    await balancer.close();
    expect(balancer.stats().threads).toEqual({ started: 2, ended: 2, crashed: 0 });
  });

  it('do not count calls that are no requests', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      await expect(balancer.submit('task' as never)).rejects.toMatchObject({ code: 'ERR_NOT_A_FUNCTION' });
      await expect(balancer.submit(faults.echo, [1], { timeout: -1 })).rejects.toMatchObject({
        code: 'ERR_INVALID_OPTION',
      });
      expect(balancer.stats().submitted).toBe(0);
    }));
});

it('the totals of a Router count each Balancer once, and what no route has matched', async () => {
  const [one, two] = [new Balancer({ workers: 1 }), new Balancer({ workers: 1 })];
  const inner = new Router({ 'tasks/count': two, 'tasks/busy': two });
  const router = new Router({ 'tasks/echo': one, 'tasks/thrower': one, 'tasks/b*': inner });
  await router.submit(faults.echo, [1]);
  await router.submit(faults.busy, [1, 1]);
  await router.submit(faults.thrower, ['no']).catch(() => {});
  await expect(router.submit(faults.thread)).rejects.toMatchObject({ code: 'ERR_NO_ROUTE' });
  expect(router.totals()).toMatchObject({
    submitted: 4,
    queued: 0,
    running: 0,
    outcomes: { fulfilled: 2, failed: 1, refused: 1 },
    refusals: { 'no-route': 1 },
    threads: { started: 2, crashed: 0 },
    workers: 2,
  });
  // One refused request each, whatever the call; those of the Router inside count, too.
  expect(() => router.map([1, 2], faults.thread as () => void)).toThrow('no route');
  expect(() => router.mapSettled([1, 2], faults.thread as () => void)).toThrow('no route');
  expect(() => router.stream(faults.thread as never)).toThrow('no route');
  await expect(inner.submit(faults.thread)).rejects.toMatchObject({ code: 'ERR_NO_ROUTE' });
  expect(() => router.route(faults.thread)).toThrow('no route');
  expect(router.totals()).toMatchObject({ submitted: 8, refusals: { 'no-route': 5 } });
  expect(inner.totals().refusals['no-route']).toBe(1);
  await router.close();
});
