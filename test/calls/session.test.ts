import type { Balancer, Session } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withBalancer } from '../support/balancer.js';
import { next } from '../support/events.js';
import { Gate, wait } from '../support/gate.js';
import { range } from '../support/range.js';
import { allReady } from '../support/readiness.js';
import { until } from '../support/until.js';

/** Appends to what this thread keeps; gives back how long that is. */
function append(name: string, n: number): number {
  const state = globalThis as { kept?: Map<string, number[]> };
  state.kept ??= new Map();
  const list = state.kept.get(name) ?? [];
  state.kept.set(name, list);
  return list.push(n);
}

/** What this thread keeps. */
function kept(name: string): number[] {
  return (globalThis as { kept?: Map<string, number[]> }).kept?.get(name) ?? [];
}

const workerOf = (balancer: Balancer, session: Session) =>
  balancer.stats().workers.find(({ id }) => id === session.workerId);

describe('a session', () => {
  it.each(['least-pending', 'round-robin', 'random', 'hash'] as const)(
    'runs all its requests on one worker, in order, beside others (%s)',
    (policy) =>
      withBalancer({ workers: 4, policy }, async (balancer) => {
        await allReady(balancer);
        const sessions = range(0, 6).map((n) => ({ name: `session ${n}`, session: balancer.session() }));
        const results: Promise<unknown>[] = [];
        for (const n of range(0, 100)) {
          for (const { name, session } of sessions) results.push(session.submit(append, [name, n]));
          results.push(balancer.submit((v: number) => v, [n]));
        }
        await Promise.all(results);
        for (const { name, session } of sessions) {
          expect(await session.submit(kept, [name])).toEqual(range(0, 100));
          session.close();
        }
      }),
  );

  it('has a worker from its first dispatch on, and never another', () =>
    withBalancer({ workers: 3 }, async (balancer) => {
      await allReady(balancer);
      const session = balancer.session();
      expect(session.workerId).toBe(undefined);
      await session.submit(append, ['a', 1]);
      const id = session.workerId;
      expect(id).toBeGreaterThan(0);
      await Promise.all(range(0, 50).map((n) => session.submit(append, ['a', n])));
      expect(session.workerId).toBe(id);
      session.close();
    }));

  it('waits for its worker although others idle', () =>
    withBalancer({ workers: 3, window: 4 }, async (balancer) => {
      await allReady(balancer);
      const session = balancer.session();
      await session.submit(append, ['a', 0]);
      const gate = new Gate();
      const running = session.submit(wait, [gate.shared]);
      const behind = range(0, 10).map((n) => session.submit(append, ['a', n]));
      await gate.reached(1);
      await Promise.all(range(0, 100).map((n) => balancer.submit((v: number) => v, [n])));
      expect(workerOf(balancer, session)?.pending).toBe(11);
      gate.open();
      await running;
      expect(await Promise.all(behind)).toEqual(range(0, 10).map((n) => n + 2));
      session.close();
    }));

  it('moves when its worker dies, says so once, and loses no request but the running one', () =>
    withBalancer({ workers: 2, window: 4 }, async (balancer) => {
      await allReady(balancer);
      const session = balancer.session();
      const moves: unknown[] = [];
      session.on('moved', (move) => moves.push(move));
      await session.submit(append, ['a', 0]);
      const from = session.workerId;
      const crash = session.submit(() => process.exit(1));
      const behind = range(0, 20).map((n) => session.submit(append, ['a', n]));
      await expect(crash).rejects.toMatchObject({ code: 'ERR_WORKER_CRASHED' });
      expect(await Promise.all(behind)).toEqual(range(0, 20).map((n) => n + 1));
      expect(moves).toEqual([{ from, to: session.workerId }]);
      expect(await session.submit(kept, ['a'])).toEqual(range(0, 20));
      session.close();
    }));

  it('survives a listener that throws', () =>
    withBalancer({ workers: 2 }, async (balancer) => {
      await allReady(balancer);
      const session = balancer.session();
      const uncaught = new Promise((resolve) => process.once('uncaughtException', resolve));
      const others = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      process.once('uncaughtException', others.pop() as () => void);
      session.on('moved', () => {
        throw new Error('a listener that throws');
      });
      await session.submit(append, ['a', 0]);
      await session.submit(() => process.exit(1)).catch(() => {});
      const after = session.submit(append, ['a', 1]);
      expect(await uncaught).toMatchObject({ message: 'a listener that throws' });
      for (const listener of others) process.on('uncaughtException', listener as () => void);
      expect(await after).toBe(1);
      session.close();
    }));
});

describe('a worker with open sessions', () => {
  it('that is removed stays until they are closed', () =>
    withBalancer({ workers: 2 }, async (balancer) => {
      await allReady(balancer);
      const session = balancer.session();
      await session.submit(append, ['a', 0]);
      const id = session.workerId as number;
      const ended = next(balancer, 'workerEnd');
      const removing = balancer.remove(id);
      expect(workerOf(balancer, session)?.state).toBe('draining');
      expect(await Promise.all(range(0, 20).map((n) => session.submit(append, ['a', n])))).toHaveLength(20);
      expect(session.workerId).toBe(id);
      expect(workerOf(balancer, session)?.state).toBe('draining');
      session.close();
      expect(await ended).toMatchObject({ id, expected: true });
      expect(await removing).toBe(true);
    }));

  it('that is replaced keeps them, and new requests go to its successor', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      await allReady(balancer);
      const session = balancer.session();
      await session.submit(append, ['a', 0]);
      const started = next(balancer, 'workerStart');
      const reloading = balancer.reload();
      expect(await started).toEqual({ id: 2 });
      expect(await balancer.submit(kept, ['a'])).toEqual([]);
      expect(await session.submit(append, ['a', 1])).toBe(2);
      session.close();
      await reloading;
      expect(balancer.stats().workers).toMatchObject([{ id: 2 }]);
    }));

  it('is the last to go when the set shrinks', () =>
    withBalancer({ workers: 4 }, async (balancer) => {
      await allReady(balancer);
      for (const round of range(0, 3)) {
        const session = balancer.session();
        await session.submit(append, ['a', round]);
        await balancer.resize(1);
        expect(balancer.stats().workers).toMatchObject([{ id: session.workerId, state: 'ready' }]);
        session.close();
        await balancer.resize(4);
      }
    }));

  it('ends with the last of them', () =>
    withBalancer({ workers: 2, policy: 'pick-first' }, async (balancer) => {
      await allReady(balancer);
      const sessions = range(0, 3).map(() => balancer.session());
      for (const session of sessions) await session.submit(append, ['a', 0]);
      expect(new Set(sessions.map(({ workerId }) => workerId)).size).toBe(1);
      const removing = balancer.remove(sessions[0]?.workerId as number);
      sessions[0]?.close();
      sessions[1]?.close();
      sessions[1]?.close();
      expect(await sessions[2]?.submit(append, ['a', 0])).toBe(4);
      sessions[2]?.close();
      expect(await removing).toBe(true);
    }));

  it('ends at close(), which finishes what was accepted', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      const session = balancer.session();
      const results = range(0, 20).map((n) => session.submit(append, ['a', n]));
      await balancer.close();
      expect(await Promise.all(results)).toEqual(range(0, 20).map((n) => n + 1));
      expect(balancer.stats().workers).toHaveLength(0);
    }));
});

describe('closing a session', () => {
  it('lets what was submitted before run on its worker, in order', () =>
    withBalancer({ workers: 3, window: 2 }, async (balancer) => {
      await allReady(balancer);
      const session = balancer.session();
      const results = range(0, 50).map((n) => session.submit(append, ['a', n]));
      session.close();
      expect(await Promise.all(results)).toEqual(range(0, 50).map((n) => n + 1));
    }));

  it('refuses what is submitted after it', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      const session = balancer.session();
      session.close();
      await expect(session.submit(append, ['a', 1])).rejects.toMatchObject({ code: 'ERR_BALANCER_CLOSED' });
      {
        using other = balancer.session();
        expect(await other.submit(append, ['b', 1])).toBe(1);
      }
    }));

  it('frees the worker only when the last of its requests has run', () =>
    withBalancer({ workers: 2 }, async (balancer) => {
      await allReady(balancer);
      const session = balancer.session();
      const gate = new Gate();
      const running = session.submit(wait, [gate.shared]);
      const behind = session.submit(append, ['a', 1]);
      await gate.reached(1);
      const id = session.workerId as number;
      session.close();
      const removing = balancer.remove(id);
      gate.open();
      await running;
      expect(await behind).toBe(1);
      expect(await removing).toBe(true);
    }));

  it('is not held up by requests that were aborted', () =>
    withBalancer({ workers: 2, window: 1 }, async (balancer) => {
      await allReady(balancer);
      const session = balancer.session();
      const gate = new Gate();
      const abort = new AbortController();
      const running = session.submit(wait, [gate.shared]);
      await gate.reached(1);
      const aborted = session.submit(append, ['a', 1], { signal: abort.signal });
      session.close();
      abort.abort();
      await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
      const removing = balancer.remove(session.workerId as number);
      gate.open();
      await running;
      expect(await removing).toBe(true);
      await until(() => balancer.stats().workers.length === 1);
    }));

  it('shows what its users may call, and nothing else', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      const session = balancer.session();
      expect(Object.getOwnPropertyNames(Object.getPrototypeOf(session)).sort()).toEqual([
        'close',
        'constructor',
        'submit',
        'workerId',
      ]);
      session.close();
    }));
});
