import { describe, expect, it } from 'vitest';
import { withBalancer } from '../support/balancer.js';
import { counter, next, several } from '../support/events.js';
import { Gate, wait, waitThenExit } from '../support/gate.js';
import { range } from '../support/range.js';
import { allReady, readyIds } from '../support/readiness.js';
import { until } from '../support/until.js';

const echo = (n: number): number => n;

describe('add', () => {
  it('resolves to the id of a worker that is ready, and gets its share', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      const id = await balancer.add({ weight: 2 });
      expect(balancer.stats().workers.find((worker) => worker.id === id)).toMatchObject({
        state: 'ready',
        weight: 2,
        label: '2',
      });
      const gate = new Gate();
      const results = range(0, 2).map((n) => balancer.submit(wait, [gate.shared, n]));
      await gate.reached(2);
      gate.open();
      expect(await Promise.all(results)).toEqual([0, 1]);
    }));

  it('relieves the others while requests wait', () =>
    withBalancer({ workers: 1, window: 16 }, async (balancer) => {
      const gate = new Gate();
      const results = range(0, 10).map((n) => balancer.submit(wait, [gate.shared, n]));
      await gate.reached(1);
      await balancer.add();
      await gate.reached(2);
      gate.open();
      expect(await Promise.all(results)).toEqual(range(0, 10));
    }));

  it('rejects weights that are none', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      for (const weight of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, '1', null]) {
        await expect(balancer.add({ weight: weight as number })).rejects.toMatchObject({
          code: 'ERR_INVALID_OPTION',
        });
      }
      expect(balancer.stats().workers).toHaveLength(1);
    }));

  it('that is taken back before it is ready rejects, and leaves the set as it was', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      await allReady(balancer);
      const adding = balancer.add();
      adding.catch(() => {});
      const { id } = balancer.stats().workers.find(({ state }) => state === 'starting') as { id: number };
      expect(await balancer.remove(id)).toBe(true);
      await expect(adding).rejects.toMatchObject({ code: 'ERR_NO_WORKER' });
      expect(readyIds(balancer)).toEqual([1]);
      expect(await balancer.submit(echo, [1])).toBe(1);
    }));

  it('is refused after close()', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      await balancer.close();
      await expect(balancer.add()).rejects.toMatchObject({ code: 'ERR_BALANCER_CLOSED' });
    }));
});

describe('remove', () => {
  it('lets the worker finish what it runs, and runs the rest elsewhere', () =>
    withBalancer({ workers: 2, window: 16 }, async (balancer) => {
      await allReady(balancer);
      const gate = new Gate();
      const results = range(0, 8).map((n) => balancer.submit(wait, [gate.shared, n]));
      await gate.reached(2);
      let isRemoved = false;
      const removing = balancer.remove(1).then((was) => {
        isRemoved = true;
        return was;
      });
      expect(balancer.stats().workers.find(({ id }) => id === 1)).toMatchObject({
        state: 'draining',
        pending: 1,
      });
      await new Promise((resolve) => setImmediate(resolve));
      expect(isRemoved).toBe(false);
      gate.open();
      expect(await removing).toBe(true);
      expect(await Promise.all(results)).toEqual(range(0, 8));
      expect(balancer.stats()).toMatchObject({ completed: 8, failed: 0, workers: [{ id: 2 }] });
    }));

  it('is false for one that is not there, or is going already', () =>
    withBalancer({ workers: 2 }, async (balancer) => {
      await allReady(balancer);
      expect(await balancer.remove(17)).toBe(false);
      const first = balancer.remove(1);
      expect(await balancer.remove(1)).toBe(false);
      expect(await first).toBe(true);
      expect(await balancer.remove(1)).toBe(false);
      expect(readyIds(balancer)).toEqual([2]);
    }));

  it('of one that starts ends it', () =>
    withBalancer({ workers: 2 }, async (balancer) => {
      expect(await balancer.remove(1)).toBe(true);
      expect(await balancer.submit(echo, [1])).toBe(1);
      expect(balancer.stats().workers).toMatchObject([{ id: 2 }]);
    }));

  it('while the worker crashes leaves nobody in its place', () =>
    withBalancer({ workers: 2 }, async (balancer) => {
      await allReady(balancer);
      const gate = new Gate();
      const session = balancer.session();
      const crashing = session.submit(waitThenExit, [gate.shared]);
      crashing.catch(() => {});
      await gate.reached(1);
      const removing = balancer.remove(session.workerId as number);
      gate.open();
      expect(await removing).toBe(true);
      await expect(crashing).rejects.toMatchObject({ code: 'ERR_WORKER_CRASHED' });
      session.close();
      expect(await balancer.submit(echo, [1])).toBe(1);
      expect(balancer.stats().workers).toHaveLength(1);
    }));

  it('of one that is just being replaced does not empty the set', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      await allReady(balancer);
      const reloading = balancer.reload();
      await until(() => balancer.stats().workers.length === 2);
      for (const id of [1, 2]) {
        await expect(balancer.remove(id)).rejects.toMatchObject({
          code: 'ERR_NO_WORKER',
          message: expect.stringContaining(`worker ${id} cannot be removed now: of the workers 1 and 2`),
        });
      }
      await reloading;
      expect(readyIds(balancer)).toEqual([2]);
      expect(await balancer.submit(echo, [1])).toBe(1);
      // On purpose it can be emptied.
      expect(await balancer.remove(2)).toBe(true);
      expect(balancer.stats().workers).toEqual([]);
      await balancer.resize(1);
      expect(await balancer.submit(echo, [1])).toBe(1);
    }));

  it('of one that is just being replaced takes the one in its place along, where others stay', () =>
    withBalancer({ workers: 2 }, async (balancer) => {
      await allReady(balancer);
      const reloading = balancer.reload();
      await until(() => balancer.stats().workers.length === 3);
      expect(await balancer.remove(1)).toBe(true);
      await reloading;
      expect(readyIds(balancer)).toEqual([4]);
      expect(await balancer.submit(echo, [1])).toBe(1);
    }));

  it('of all, in an elastic set, moves its limits down', () =>
    withBalancer({ workers: { min: 1, max: 2 }, whenEmpty: 'fail', growAfter: 0 }, async (balancer) => {
      await allReady(balancer);
      await balancer.remove(1);
      expect(await balancer.submit(echo, [1])).toBe(1);
      const id = readyIds(balancer)[0] as number;
      await balancer.remove(id);
      await expect(balancer.submit(echo, [1])).rejects.toMatchObject({ code: 'ERR_NO_WORKER' });
      await balancer.resize({ min: 0, max: 1 });
      expect(await balancer.submit(echo, [1])).toBe(1);
    }));
});

describe('the last one removed', () => {
  it("whenEmpty 'wait': requests wait for the next one", () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      await allReady(balancer);
      const gate = new Gate();
      const running = balancer.submit(wait, [gate.shared, 'ran']);
      await gate.reached(1);
      const removing = balancer.remove(1);
      const waiting = range(0, 5).map((n) => balancer.submit(echo, [n]));
      gate.open();
      expect(await running).toBe('ran');
      await removing;
      expect(balancer.stats()).toMatchObject({ queued: 5, workers: [] });
      await balancer.add();
      expect(await Promise.all(waiting)).toEqual(range(0, 5));
    }));

  it("whenEmpty 'fail': what has not started fails at once, what runs does not, and so on until there is one again", () =>
    withBalancer({ workers: 1, whenEmpty: 'fail', window: 4 }, async (balancer) => {
      await allReady(balancer);
      const gate = new Gate();
      const running = balancer.submit(wait, [gate.shared, 'ran']);
      const unstarted = range(0, 9).map((n) => balancer.submit(echo, [n]));
      await gate.reached(1);
      const removing = balancer.remove(1);
      for (const each of await Promise.allSettled([...unstarted, balancer.submit(echo, [1])])) {
        expect(each).toMatchObject({ status: 'rejected', reason: { code: 'ERR_NO_WORKER' } });
      }
      gate.open();
      expect(await running).toBe('ran');
      expect(await removing).toBe(true);
      await balancer.add();
      expect(await balancer.submit(echo, [1])).toBe(1);
    }));

  it('close() fails what waits, since nobody will come', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      await allReady(balancer);
      await balancer.remove(1);
      const waiting = balancer.submit(echo, [1]);
      waiting.catch(() => {});
      await balancer.close();
      await expect(waiting).rejects.toMatchObject({ code: 'ERR_NO_WORKER' });
    }));

  it('during close() fails what waits, too', () =>
    withBalancer({ workers: 1, window: 1 }, async (balancer) => {
      await allReady(balancer);
      const gate = new Gate();
      const running = balancer.submit(wait, [gate.shared, 'ran']);
      const waiting = balancer.submit(echo, [1]);
      waiting.catch(() => {});
      await gate.reached(1);
      const closing = balancer.close();
      const removing = balancer.remove(1);
      gate.open();
      expect(await running).toBe('ran');
      await Promise.all([closing, removing]);
      await expect(waiting).rejects.toMatchObject({ code: 'ERR_NO_WORKER' });
    }));
});

describe('a place', () => {
  it('keeps label and weight over crash, reload and recycling', () =>
    withBalancer({ workers: 1, maxRequestsPerWorker: 50 }, async (balancer) => {
      await allReady(balancer);
      await balancer.add({ weight: 3 });
      await balancer.add({ weight: 0.5 });
      const places = (): unknown[] =>
        balancer
          .stats()
          .workers.filter(({ state }) => state === 'ready')
          .map(({ label, weight }) => `${label}: ${weight}`)
          .sort();
      const before = ['1: 1', '2: 3', '3: 0.5'];
      expect(places()).toEqual(before);

      const restarted = several(balancer, 'workerStart', 3);
      const gate = new Gate();
      const crashes = range(0, 3).map(() => balancer.submit(waitThenExit, [gate.shared]));
      await gate.reached(3);
      gate.open();
      await Promise.allSettled(crashes);
      await restarted;
      expect(places()).toEqual(before);

      await balancer.reload();
      await until(() => balancer.stats().workers.length === 3);
      expect(places()).toEqual(before);

      const recycled = several(balancer, 'workerEnd', 3);
      let isOver = false;
      void recycled.then(() => {
        isOver = true;
      });
      while (!isOver) await Promise.all(range(0, 100).map((n) => balancer.submit(echo, [n])));
      await until(() => readyIds(balancer).length === 3);
      expect(places()).toEqual(before);
    }));

  it('is free for the next after remove()', () =>
    withBalancer({ workers: 2 }, async (balancer) => {
      await allReady(balancer);
      await balancer.remove(1);
      const id = await balancer.add({ weight: 5 });
      expect(balancer.stats().workers.find((worker) => worker.id === id)).toMatchObject({
        label: '1',
        weight: 5,
      });
    }));
});

describe('changes at once', () => {
  it('remove during reload: the one that was to take its place goes, too', () =>
    withBalancer({ workers: 2 }, async (balancer) => {
      await allReady(balancer);
      const reloading = balancer.reload();
      await until(() => balancer.stats().workers.length === 3);
      expect(await balancer.remove(1)).toBe(true);
      await reloading;
      expect(await balancer.submit(echo, [1])).toBe(1);
      expect(readyIds(balancer)).toHaveLength(1);
      expect(balancer.stats().workers).toHaveLength(1);
    }));

  it('resize during reload', () =>
    withBalancer({ workers: 3 }, async (balancer) => {
      await allReady(balancer);
      const reloading = balancer.reload();
      await balancer.resize(1);
      await reloading;
      await until(() => balancer.stats().workers.length === 1);
      await balancer.resize(4);
      expect(readyIds(balancer)).toHaveLength(4);
    }));

  it('reload twice', () =>
    withBalancer({ workers: 2 }, async (balancer) => {
      await allReady(balancer);
      const results = range(0, 200).map((n) => balancer.submit(echo, [n]));
      await Promise.all([balancer.reload(), balancer.reload()]);
      expect(await Promise.all(results)).toEqual(range(0, 200));
      await until(() => balancer.stats().workers.length === 2);
      expect(readyIds(balancer)).toHaveLength(2);
    }));

  it('of every kind under load: nothing fails, and the set is as large as it should be', () =>
    withBalancer({ workers: 2, growAfter: 5, idleTimeout: 20 }, async (balancer) => {
      await allReady(balancer);
      const failures = counter(balancer, 'workerEjected');
      let isOver = false;
      let sum = 0;
      const load = Promise.all(
        range(0, 64).map(async () => {
          while (!isOver) {
            await balancer.submit(echo, [1]);
            sum++;
          }
        }),
      );
      let size = 2;
      for (let round = 0; round < 4; round++) {
        const ids = readyIds(balancer);
        const [added, removed] = await Promise.all([
          balancer.add({ weight: 1 + round }),
          balancer.remove(ids[round % ids.length] as number),
          balancer.reload(),
          balancer.add(),
        ]);
        size += removed ? 1 : 2;
        expect(added).toBeGreaterThan(2);
        if (round % 2 === 1) {
          await balancer.resize(3);
          size = 3;
        }
      }
      isOver = true;
      await load;
      await until(() => balancer.stats().workers.length === size);
      expect(readyIds(balancer)).toHaveLength(size);
      const stats = balancer.stats();
      expect(stats).toMatchObject({ failed: 0, queued: 0, pending: 0, completed: sum });
      expect(failures.count).toBe(0);
    }));

  it('next to crashes: each is replaced, those removed are not', () =>
    withBalancer({ workers: 4, retries: 2 }, async (balancer) => {
      await allReady(balancer);
      const results = range(0, 400).map((n) => balancer.submit(echo, [n]));
      const crashes = range(0, 2).map(() => balancer.submit(() => process.exit(1), [], { retries: 0 }));
      const ended = next(balancer, 'workerEnd');
      const ids = readyIds(balancer);
      const [, removed] = await Promise.all([
        Promise.allSettled(crashes),
        Promise.all(ids.slice(0, 2).map((id) => balancer.remove(id))),
        ended,
      ]);
      expect(await Promise.all(results)).toEqual(range(0, 400));
      const size = 4 - removed.filter(Boolean).length;
      await until(() => readyIds(balancer).length === size);
      expect(balancer.stats().workers).toHaveLength(size);
    }));
});
