import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { faults } from '../support/faults.js';
import { Gate, waitThenLater } from '../support/gate.js';
import { range } from '../support/range.js';
import { ready } from '../support/readiness.js';
import { until } from '../support/until.js';

describe('backpressure', () => {
  it('maxQueue: the queue takes so many besides what the windows hold, then submit rejects', () =>
    withSmallBalancer({ window: 2, maxQueue: 3 }, async (balancer) => {
      const gate = new Gate();
      await ready(balancer, 1);
      const accepted = [balancer.submit(faults.blocked, [gate.words])];
      await gate.reached();
      for (let i = 0; i < 4; i++) accepted.push(balancer.submit(faults.echo, [i]));
      await expect(balancer.submit(faults.echo, [9])).rejects.toMatchObject({
        code: 'ERR_QUEUE_FULL',
        maxQueue: 3,
      });
      expect(balancer.stats()).toMatchObject({ waiting: 3, maxQueue: 3, pending: 2, submitted: 6 });
      gate.open();
      expect(await fates(accepted)).toEqual([undefined, 0, 1, 2, 3]);
    }));

  it.each(['session', 'key'])('what waits for one worker alone counts, too: a %s', (how) =>
    withSmallBalancer({ window: 1, maxQueue: 3, policy: 'hash' }, async (balancer) => {
      const gate = new Gate();
      await ready(balancer, 1);
      const session = balancer.session();
      const submit = (value: number) =>
        how === 'session'
          ? session.submit(faults.echo, [value])
          : balancer.submit(faults.echo, [value], { key: 'a' });
      const accepted = [submit(-1), session.submit(faults.blocked, [gate.words])];
      await gate.reached();
      let drains = 0;
      balancer.on('drain', () => drains++);
      for (let i = 0; i < 3; i++) {
        await balancer.ready();
        accepted.push(submit(i));
        // Into the worker's backlog.
        await turn();
      }
      expect(await fates([submit(3)])).toEqual(['ERR_QUEUE_FULL']);
      const room = balancer.ready().then(() => submit(4));
      gate.open();
      expect(await room).toBe(4);
      expect(drains).toBe(1);
      expect(await fates(accepted)).toEqual([-1, undefined, 0, 1, 2]);
      session.close();
    }),
  );

  it('ready() waits for room, and drain tells of it once', () =>
    withSmallBalancer({ window: 1, maxQueue: 2 }, async (balancer) => {
      const gate = new Gate();
      let drains = 0;
      balancer.on('drain', () => drains++);
      await balancer.ready();
      const accepted = [balancer.submit(faults.blocked, [gate.words])];
      await gate.reached();
      accepted.push(balancer.submit(faults.echo, [1]), balancer.submit(faults.echo, [2]));
      expect(await fates([balancer.submit(faults.echo, [3])])).toEqual(['ERR_QUEUE_FULL']);
      let isReady = false;
      const room = balancer.ready().then(() => {
        isReady = true;
        return balancer.submit(faults.echo, [4]);
      });
      await new Promise((resolve) => setImmediate(resolve));
      expect({ isReady, drains }).toEqual({ isReady: false, drains: 0 });
      gate.open();
      expect(await room).toBe(4);
      expect(drains).toBe(1);
      expect(await fates(accepted)).toEqual([undefined, 1, 2]);
    }));

  it('a producer that waits in ready() submits everything, with at most so many queued', () =>
    withSmallBalancer({ workers: 2, window: 2, maxQueue: 4 }, async (balancer) => {
      // Each that is starting would take one more.
      await ready(balancer, 2);
      const accepted: Promise<unknown>[] = [];
      let most = 0;
      for (let i = 0; i < 500; i++) {
        await balancer.ready();
        accepted.push(balancer.submit(faults.echo, [i]));
        most = Math.max(most, balancer.stats().waiting);
      }
      expect(await fates(accepted)).toEqual(accepted.map((_, i) => i));
      expect(most).toBeLessThanOrEqual(4);
    }));

  it.each(['abort', 'queueTimeout'])('room that comes from an %s wakes those who wait', (how) =>
    withSmallBalancer({ window: 1, maxQueue: 1 }, async (balancer) => {
      const gate = new Gate();
      const abort = new AbortController();
      const running = balancer.submit(faults.blocked, [gate.words]);
      await gate.reached();
      const options = how === 'abort' ? { signal: abort.signal } : { queueTimeout: 10 };
      const queued = balancer.submit(faults.echo, [1], options);
      queued.catch(() => {});
      const room = balancer.ready();
      const drained = once(balancer, 'drain');
      abort.abort(new Error('enough'));
      await Promise.all([room, drained]);
      expect(balancer.stats().queued).toBe(0);
      gate.open();
      await running;
    }),
  );

  it('close() wakes those who wait, whose submit then is refused', () =>
    withSmallBalancer({ window: 1, maxQueue: 1 }, async (balancer) => {
      const gate = new Gate();
      const accepted = [balancer.submit(faults.blocked, [gate.words])];
      await gate.reached();
      accepted.push(balancer.submit(faults.echo, [1]));
      const refused = balancer.ready().then(() => balancer.submit(faults.echo, [2]));
      const closed = balancer.close();
      expect(await fates([refused])).toEqual(['ERR_BALANCER_CLOSED']);
      gate.open();
      await closed;
      expect(await fates(accepted)).toEqual([undefined, 1]);
    }));

  it('a worker that is starting is room for one more', () =>
    withSmallBalancer({ workers: 4, maxQueue: 2 }, async (balancer) => {
      const requests = range(0, 7).map((i) => balancer.submit(faults.echo, [i]));
      expect(await fates(requests)).toEqual([0, 1, 2, 3, 4, 5, 'ERR_QUEUE_FULL']);
    }));

  it.each([0, 1])('one that starts when requests wait is room for one more: %i at least', (min) =>
    withSmallBalancer(
      { workers: { min, max: 3 }, window: 1, maxQueue: 0, growAfter: 1 },
      async (balancer) => {
        await balancer.ready();
        const gate = new Gate();
        const accepted = range(0, 3).map((i) => balancer.submit(faults.blocked, [gate.words, i]));
        expect(await fates([balancer.submit(faults.echo, [3])])).toEqual(['ERR_QUEUE_FULL']);
        // All three run at once: the set has grown for them.
        await until(() => balancer.stats().running === 3);
        gate.open();
        expect(await fates(accepted)).toEqual([0, 1, 2]);
      },
    ),
  );

  it('one that starts in the place of a worker at its limit is room', () =>
    withSmallBalancer({ maxRequestsPerWorker: 1, maxQueue: 0 }, async (balancer) => {
      for (const i of [0, 1, 2, 3]) expect(await balancer.submit(faults.echo, [i])).toBe(i);
    }));

  it('one that starts in the place of another is none', () =>
    withSmallBalancer({ window: 1, maxQueue: 1 }, async (balancer) => {
      const gate = new Gate();
      const accepted = [balancer.submit(faults.blocked, [gate.words])];
      await gate.reached();
      accepted.push(balancer.submit(faults.echo, [1]));
      const reloaded = balancer.reload();
      await until(() => balancer.stats().workers.length === 2);
      expect(await fates([balancer.submit(faults.echo, [2])])).toEqual(['ERR_QUEUE_FULL']);
      gate.open();
      expect(await fates(accepted)).toEqual([undefined, 1]);
      await reloaded;
    }));

  it('a worker that is idle since short tasks go to few of them is room', () =>
    withSmallBalancer({ workers: 2, window: 1, maxQueue: 0 }, async (balancer) => {
      await balancer.workersReady();
      const client = async () => {
        for (const i of range(0, 500)) expect(await balancer.submit(faults.echo, [i])).toBe(i);
      };
      await Promise.all([client(), client()]);
    }));

  it('maxQueue 0: accepts what workers have room for now, and no more', () =>
    withSmallBalancer({ workers: 2, window: 1, maxQueue: 0 }, async (balancer) => {
      // Each that is starting takes one.
      expect(await fates(range(0, 3).map((i) => balancer.submit(faults.echo, [i])))).toEqual([
        0,
        1,
        'ERR_QUEUE_FULL',
      ]);
      const gate = new Gate();
      const accepted: Promise<unknown>[] = [];
      for (const i of [1, 2]) {
        // The slower thread may still owe an answer: its request went to the other one meanwhile.
        await balancer.ready();
        accepted.push(balancer.submit(faults.blocked, [gate.words, i]));
        await gate.reached(i);
      }
      expect(await fates([balancer.submit(faults.echo, [3])])).toEqual(['ERR_QUEUE_FULL']);
      let drains = 0;
      balancer.on('drain', () => drains++);
      const room = balancer.ready().then(() => balancer.submit(faults.echo, [4]));
      gate.open();
      expect(await fates([...accepted, room])).toEqual([1, 2, 4]);
      expect(drains).toBe(1);
      for (let i = 0; i < 100; i++) expect(await balancer.submit(faults.echo, [i])).toBe(i);
      const values: unknown[] = [];
      for await (const value of balancer.map(range(0, 100), faults.echo as (n: number) => number))
        values.push(value);
      expect(values).toEqual(range(0, 100));
    }));

  it.each([0, 1, 3])(
    'maxQueue %i: a worker that has finished is room, before the main thread hears of it',
    (most) =>
      withSmallBalancer({ window: 1, maxQueue: most }, async (balancer) => {
        const gate = new Gate();
        const run = new Gate();
        await ready(balancer, 1);
        // All in one turn: no message of the thread is received.
        const accepted: Promise<unknown>[] = [balancer.submit(waitThenLater, [run.shared, gate.shared])];
        const submit = (value: number) => balancer.submit(faults.echo, [value]);
        for (const value of range(0, most)) accepted.push(submit(value));
        const refused = fates([submit(-1), submit(-1)]);
        run.open();
        gate.awaitBlocked();
        accepted.push(submit(most));
        const refusedLater = fates([submit(-1)]);
        gate.open();
        expect(await fates(accepted)).toEqual([undefined, ...range(0, most + 1)]);
        expect(await refused).toEqual(['ERR_QUEUE_FULL', 'ERR_QUEUE_FULL']);
        expect(await refusedLater).toEqual(['ERR_QUEUE_FULL']);
      }),
  );

  it('loops that submit again at once, and wait where the queue is full, let the event loop turn', () =>
    withSmallBalancer({ workers: 2, window: 1, maxQueue: 0 }, async (balancer) => {
      await ready(balancer, 2);
      let isOver = false;
      let done = 0;
      const loop = async () => {
        while (!isOver) {
          const [fate] = await fates([balancer.submit(faults.echo, [1])]);
          if (fate === 'ERR_QUEUE_FULL') await balancer.ready();
          else done++;
        }
      };
      const loops = range(0, 16).map(loop);
      while (done < 1000) await turn();
      isOver = true;
      await Promise.all(loops);
    }));

  it('a crash does not count what it puts back', () =>
    withSmallBalancer({ window: 8, maxQueue: 2 }, async (balancer) => {
      const gate = new Gate();
      await ready(balancer, 1);
      const victim = balancer.submit(faults.crash, ['exit', gate.words]);
      victim.catch(() => {});
      await gate.reached();
      const accepted = Array.from({ length: 9 }, (_, i) => balancer.submit(faults.echo, [i]));
      expect(balancer.stats()).toMatchObject({ waiting: 2, pending: 8 });
      gate.open();
      expect(await fates([victim, ...accepted])).toEqual(['ERR_WORKER_CRASHED', 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    }));
});
