import { describe, expect, it } from 'vitest';
import { withBalancer } from '../support/balancer.js';
import { counter, next } from '../support/events.js';
import { Gate, wait, waitLater } from '../support/gate.js';
import { allReady } from '../support/readiness.js';
import { until } from '../support/until.js';

describe('a worker that hangs while it idles', () => {
  it('is replaced, and what it was given runs elsewhere', () =>
    withBalancer({ workers: 1, heartbeat: 1_000 }, async (balancer) => {
      const trap = new Gate();
      await balancer.submit(waitLater, [trap.shared]);
      await trap.reached(1);
      const ejected = next(balancer, 'workerEjected');
      const readmitted = next(balancer, 'workerReadmitted');
      const ended = next(balancer, 'workerEnd');
      const results = Array.from({ length: 20 }, (_, i) => balancer.submit((n: number) => n, [i]));
      expect(await Promise.all(results)).toEqual(Array.from({ length: 20 }, (_, i) => i));
      expect(await ejected).toEqual({ id: 1, reason: 'silent' });
      expect(await readmitted).toEqual({ id: 2, replaces: 1 });
      const end = await ended;
      expect(end).toMatchObject({ id: 1, expected: true });
      expect(String(end.cause)).toMatch('no sign of life for 1000 ms');
      expect(balancer.stats()).toMatchObject({ failed: 0, ejected: 1, workers: [{ id: 2, label: '1' }] });
    }));

  it('is found by a ping while others are busy, before it is given anything', () =>
    withBalancer({ workers: 2, heartbeat: 1_000 }, async (balancer) => {
      await allReady(balancer);
      const trap = new Gate();
      await balancer.submit(waitLater, [trap.shared]);
      await trap.reached(1);
      // The other worker takes it: it was used less recently.
      const gate = new Gate();
      const ejected = next(balancer, 'workerEjected');
      const readmitted = next(balancer, 'workerReadmitted');
      const result = balancer.submit(wait, [gate.shared, 'done']);
      await gate.reached(1);
      expect(await ejected).toMatchObject({ reason: 'silent' });
      await readmitted;
      gate.open();
      expect(await result).toBe('done');
      expect(balancer.stats().failed).toBe(0);
    }));

  it('is left alone where heartbeats are off', () =>
    withBalancer({ workers: 1, heartbeat: false }, (balancer) =>
      withBalancer({ workers: 1, heartbeat: 1_000 }, async (yardstick) => {
        const trap = new Gate();
        const ejections = counter(balancer, 'workerEjected');
        await balancer.submit(waitLater, [trap.shared]);
        await yardstick.submit(waitLater, [trap.shared]);
        await trap.reached(2);
        const signal = new AbortController();
        const mine = balancer.submit(() => 1, [], { signal: signal.signal });
        expect(await yardstick.submit(() => 1)).toBe(1);
        expect(ejections.count).toBe(0);
        signal.abort();
        await expect(mine).rejects.toMatchObject({ name: 'AbortError' });
        await balancer.close({ timeout: 0 });
      }),
    ));
});

describe('a worker that runs a request for longer than the heartbeat', () => {
  it('is not silent', () =>
    withBalancer({ workers: 1, heartbeat: 500 }, (balancer) =>
      withBalancer({ workers: 1, heartbeat: 500 }, async (yardstick) => {
        const gate = new Gate();
        const ejections = counter(balancer, 'workerEjected');
        const result = balancer.submit(wait, [gate.shared, 'done']);
        await gate.reached(1);
        for (let round = 1; round <= 3; round++) {
          const trap = new Gate();
          await yardstick.submit(waitLater, [trap.shared]);
          await trap.reached(1);
          await yardstick.submit(() => 0);
        }
        expect(yardstick.stats().ejected).toBeGreaterThanOrEqual(3);
        expect(ejections.count).toBe(0);
        gate.open();
        expect(await result).toBe('done');
      }),
    ));

  it('is ended where the option says so, and its neighbours run elsewhere', () =>
    withBalancer(
      { workers: 1, window: 16, heartbeat: { silence: 1_000, whileRunning: true } },
      async (balancer) => {
        const gate = new Gate();
        const hanging = balancer.submit(wait, [gate.shared]);
        hanging.catch(() => {});
        const neighbours = Array.from({ length: 8 }, (_, i) => balancer.submit((n: number) => n, [i]));
        await expect(hanging).rejects.toMatchObject({ code: 'ERR_WORKER_CRASHED' });
        await expect(hanging).rejects.toThrow('no sign of life for 1000 ms');
        expect(await Promise.all(neighbours)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      },
    ));

  it('is not silent even then while its task only awaits', () =>
    withBalancer({ workers: 2, heartbeat: { silence: 1_000, whileRunning: true } }, async (balancer) => {
      await allReady(balancer);
      const gate = new Gate();
      const ejections: number[] = [];
      balancer.on('workerEjected', ({ id }) => ejections.push(id));
      const awaiting = balancer.submit(
        async (shared: SharedArrayBuffer) => {
          const words = new Int32Array(shared);
          Atomics.add(words, 0, 1);
          Atomics.notify(words, 0);
          while (Atomics.load(words, 1) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
          return 'done';
        },
        [gate.shared],
      );
      await gate.reached(1);
      const hanging = balancer.submit(wait, [new Gate().shared]);
      await expect(hanging).rejects.toMatchObject({ code: 'ERR_WORKER_CRASHED' });
      gate.open();
      expect(await awaiting).toBe('done');
      expect(ejections).toHaveLength(1);
    }));
});

it('a removed worker that hangs is ended, so that remove() comes to its end', () =>
  withBalancer({ workers: 2, heartbeat: 1_000 }, async (balancer) => {
    await allReady(balancer);
    const trap = new Gate();
    const session = balancer.session();
    await session.submit(waitLater, [trap.shared]);
    const id = session.workerId as number;
    session.close();
    await trap.reached(1);
    const gate = new Gate();
    const busy = balancer.submit(wait, [gate.shared]);
    await gate.reached(1);
    expect(await balancer.remove(id)).toBe(true);
    expect(balancer.stats().workers).toHaveLength(1);
    gate.open();
    await busy;
    await until(() => balancer.stats().pending === 0);
  }));
