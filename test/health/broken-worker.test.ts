import type { Balancer, Session } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withBalancer } from '../support/balancer.js';
import { counter, next } from '../support/events.js';
import { Gate, wait } from '../support/gate.js';
import { allReady, readyIds } from '../support/readiness.js';
import { until } from '../support/until.js';

/** Works, except in a thread that was broken. */
function work(n: number): number {
  if ((globalThis as { isBroken?: boolean }).isBroken) throw new Error('this thread is broken');
  return n;
}

/** Breaks the thread of one worker; returns its id. */
async function breakOne(balancer: Balancer): Promise<number> {
  const session = balancer.session();
  await session.submit(() => {
    (globalThis as { isBroken?: boolean }).isBroken = true;
  });
  const id = session.workerId as number;
  session.close();
  return id;
}

/** A session that is bound to another worker. */
async function sessionElsewhere(balancer: Balancer, id: number): Promise<Session> {
  for (;;) {
    const session = balancer.session();
    await session.submit(() => {});
    if (session.workerId !== id) return session;
    session.close();
  }
}

/** Submits in small rounds until a worker is ejected; returns how many requests failed. */
async function workUntilEjected(balancer: Balancer): Promise<number> {
  let failed = 0;
  const { ejected } = balancer.stats();
  while (balancer.stats().ejected === ejected) {
    const round = await Promise.allSettled(Array.from({ length: 12 }, (_, i) => balancer.submit(work, [i])));
    failed += round.filter(({ status }) => status === 'rejected').length;
  }
  return failed;
}

const outlierDetection = { maxEjectionPercent: 50 };

describe('one broken worker of three', () => {
  it('is taken out, and then no request fails', () =>
    withBalancer({ workers: 3, policy: 'round-robin', outlierDetection }, async (balancer) => {
      await allReady(balancer);
      const broken = await breakOne(balancer);
      const ejected = next(balancer, 'workerEjected');
      const readmitted = next(balancer, 'workerReadmitted');
      await workUntilEjected(balancer);
      expect(await ejected).toEqual({ id: broken, reason: 'consecutive-failures' });
      const results = Array.from({ length: 1000 }, (_, i) => balancer.submit(work, [i]));
      expect(await Promise.all(results)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
      expect(await readmitted).toEqual({ id: 4, replaces: broken });
      await until(() => balancer.stats().workers.length === 3);
      expect(readyIds(balancer)).toContain(4);
      // The fresh one works, as soon as the others do not have all done before it has woken up.
      while (balancer.stats().workers.find(({ id }) => id === 4)?.completed === 0) {
        const again = await Promise.all(Array.from({ length: 300 }, (_, i) => balancer.submit(work, [i])));
        expect(again).toHaveLength(300);
      }
    }));

  it('takes what it has not started out of its window', () =>
    withBalancer({ workers: 2, window: 64, policy: 'round-robin', outlierDetection }, async (balancer) => {
      await allReady(balancer);
      await breakOne(balancer);
      const ejected = next(balancer, 'workerEjected');
      const results = Promise.allSettled(Array.from({ length: 5000 }, (_, i) => balancer.submit(work, [i])));
      await ejected;
      const later = await Promise.allSettled(
        Array.from({ length: 100 }, (_, i) => balancer.submit(work, [i])),
      );
      await results;
      expect(later.filter(({ status }) => status === 'rejected')).toHaveLength(0);
      expect(balancer.stats()).toMatchObject({ submitted: 5101, completed: 5101, ejected: 1 });
    }));

  it('is found by the share of its failures, too', () =>
    withBalancer(
      {
        workers: 3,
        policy: 'round-robin',
        outlierDetection: {
          ...outlierDetection,
          interval: 20,
          consecutiveFailures: false,
          failurePercentage: { requestVolume: 5 },
        },
      },
      async (balancer) => {
        await allReady(balancer);
        const broken = await breakOne(balancer);
        const ejected = next(balancer, 'workerEjected');
        await workUntilEjected(balancer);
        expect(await ejected).toEqual({ id: broken, reason: 'failure-percentage' });
      },
    ));

  it('loses its sessions to another one', () =>
    withBalancer({ workers: 3, policy: 'round-robin', outlierDetection }, async (balancer) => {
      await allReady(balancer);
      const session = balancer.session();
      await session.submit(() => {
        (globalThis as { isBroken?: boolean }).isBroken = true;
      });
      const from = session.workerId as number;
      const moves: { from: number; to: number }[] = [];
      session.on('moved', (move) => moves.push(move));
      await workUntilEjected(balancer);
      const results = await Promise.all(Array.from({ length: 50 }, (_, i) => session.submit(work, [i])));
      expect(results).toEqual(Array.from({ length: 50 }, (_, i) => i));
      expect(moves).toEqual([{ from, to: session.workerId }]);
      session.close();
    }));

  it('finishes what it runs before it ends, and nothing else', () =>
    withBalancer({ workers: 2, window: 8, policy: 'round-robin', outlierDetection }, async (balancer) => {
      await allReady(balancer);
      const gate = new Gate();
      const session = balancer.session();
      await session.submit(() => {
        (globalThis as { isBroken?: boolean }).isBroken = true;
      });
      const id = session.workerId as number;
      const other = await sessionElsewhere(balancer, id);
      const fail = (): Promise<unknown> => session.submit(work, [0]).catch(() => 'failed');
      expect(await fail()).toBe('failed');
      // Another worker succeeds meanwhile.
      expect(await other.submit(work, [1])).toBe(1);
      for (let failed = 1; failed < 4; failed++) expect(await fail()).toBe('failed');
      const ejected = next(balancer, 'workerEjected');
      const fifth = fail();
      const running = session.submit(wait, [gate.shared, 'done']);
      const behind = Array.from({ length: 20 }, (_, i) => session.submit(work, [i]));
      // They are sent in this turn. Before the fifth failure is known, the next one must be running there.
      for (let i = 0; i < 20; i++) await Promise.resolve();
      gate.awaitBlocked();
      expect(await fifth).toBe('failed');
      expect(await ejected).toEqual({ id, reason: 'consecutive-failures' });
      // What the session has behind it moves, although it is still running.
      expect(await Promise.all(behind)).toEqual(Array.from({ length: 20 }, (_, i) => i));
      gate.open();
      expect(await running).toBe('done');
      session.close();
      other.close();
    }));
});

describe('what says nothing about a worker', () => {
  it('a task that fails everywhere', () =>
    withBalancer({ workers: 3, outlierDetection: { interval: 5 } }, async (balancer) => {
      await allReady(balancer);
      const results = await Promise.allSettled(
        Array.from({ length: 2000 }, () =>
          balancer.submit(() => {
            throw new Error('always');
          }),
        ),
      );
      expect(results.every(({ status }) => status === 'rejected')).toBe(true);
      expect(balancer.stats().ejected).toBe(0);
    }));

  it('requests that were aborted', () =>
    withBalancer({ workers: 2, outlierDetection, grace: 60_000 }, async (balancer) => {
      await allReady(balancer);
      const ejections = counter(balancer, 'workerEjected');
      const session = balancer.session();
      for (let i = 0; i < 8; i++) {
        const gate = new Gate();
        const abort = new AbortController();
        const aborted = session.submit(
          (shared: SharedArrayBuffer) => {
            const words = new Int32Array(shared);
            Atomics.add(words, 0, 1);
            Atomics.notify(words, 0);
            Atomics.wait(words, 1, 0);
            throw new Error('stopped');
          },
          [gate.shared],
          { signal: abort.signal },
        );
        await gate.reached(1);
        abort.abort();
        await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
        // The other worker succeeds meanwhile.
        await balancer.submit(work, [i]);
        gate.open();
      }
      await session.submit(work, [0]);
      expect(ejections.count).toBe(0);
      session.close();
    }));

  it('anything, where the option is not given', () =>
    withBalancer({ workers: 2, policy: 'round-robin' }, async (balancer) => {
      await allReady(balancer);
      await breakOne(balancer);
      await Promise.allSettled(Array.from({ length: 500 }, (_, i) => balancer.submit(work, [i])));
      expect(balancer.stats().ejected).toBe(0);
    }));
});

describe('a place whose workers are ejected again and again', () => {
  it('stays empty for longer each time', () =>
    withBalancer(
      {
        workers: 2,
        policy: 'hash',
        outlierDetection: { ...outlierDetection, baseEjectionTime: 1e9, maxEjectionTime: 1e9 },
      },
      async (balancer) => {
        await allReady(balancer);
        // A key whose requests fail wherever they run, and one of the other worker.
        const ids = await Promise.all(
          Array.from({ length: 16 }, (_, i) =>
            balancer.submit(() => require('node:worker_threads').threadId as number, [], { key: `${i}` }),
          ),
        );
        const other = ids.findIndex((id) => id !== ids[0]);
        const fail = async (): Promise<void> => {
          const { ejected } = balancer.stats();
          while (balancer.stats().ejected === ejected) {
            await balancer.submit(work, [1], { key: `${other}` });
            await balancer
              .submit(
                () => {
                  throw new Error('this key fails');
                },
                [],
                { key: '0' },
              )
              .catch(() => {});
          }
        };
        const readmitted = next(balancer, 'workerReadmitted');
        await fail();
        await readmitted;
        await fail();
        await until(() => balancer.stats().workers.length === 1);
        // All keys go to the one that is left.
        expect(await balancer.submit(work, [1], { key: '0' })).toBe(1);
        expect(balancer.stats().workers).toHaveLength(1);
        // Whoever wants it anyway gets another place.
        await balancer.add();
        expect(balancer.stats().workers).toHaveLength(2);
        await balancer.resize(1);
        await balancer.resize(2);
        expect(balancer.stats().workers).toHaveLength(2);
      },
    ));
});

it('rejects options that make no sense', async () => {
  const { Balancer: Made } = await import('leastwork');
  for (const bad of [
    { heartbeat: 0 },
    { heartbeat: -1 },
    { heartbeat: true },
    { heartbeat: {} },
    { heartbeat: { silence: 10, busy: true } },
    { outlierDetection: true },
    { outlierDetection: { interval: 0 } },
    { outlierDetection: { threshold: 1 } },
    { check: 'node:fs' },
    { whenEmpty: 'maybe' },
  ]) {
    expect(() => new Made(bad as never), JSON.stringify(bad)).toThrow();
  }
});
