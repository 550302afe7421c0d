import { describe, expect, it } from 'vitest';
import { withBalancer } from '../support/balancer.js';
import { counter, next, several } from '../support/events.js';
import { Gate, wait } from '../support/gate.js';

describe('a set with limits', () => {
  it('starts with the least number', () =>
    withBalancer({ workers: { min: 2, max: 4 } }, async (balancer) => {
      expect(balancer.stats().workers).toHaveLength(2);
      expect(await balancer.submit(() => 1)).toBe(1);
    }));

  it('grows while requests wait, up to the greatest number, and gives the new workers their share', () =>
    withBalancer({ workers: { min: 1, max: 3 }, growAfter: 10 }, async (balancer) => {
      const started = counter(balancer, 'workerStart');
      const gate = new Gate();
      const results = Array.from({ length: 12 }, (_, i) => balancer.submit(wait, [gate.shared, i]));
      // Each blocks its thread: so three of them at once are three threads.
      await gate.reached(3);
      expect(balancer.stats().workers).toHaveLength(3);
      gate.open();
      expect(await Promise.all(results)).toEqual(Array.from({ length: 12 }, (_, i) => i));
      expect(started.count).toBe(3);
    }));

  it('grows when all that waits is in a window', () =>
    withBalancer({ workers: { min: 1, max: 2 }, growAfter: 10, window: 16 }, async (balancer) => {
      await balancer.submit(() => 0);
      const gate = new Gate();
      const results = Array.from({ length: 4 }, () => balancer.submit(wait, [gate.shared]));
      await gate.reached(2);
      gate.open();
      await Promise.all(results);
    }));

  it('does not grow when requests do not wait', () =>
    withBalancer({ workers: { min: 1, max: 4 }, growAfter: 1e6 }, async (balancer) => {
      const started = counter(balancer, 'workerStart');
      const results = Array.from({ length: 2000 }, (_, i) => balancer.submit((n: number) => n, [i]));
      expect(await Promise.all(results)).toHaveLength(2000);
      expect(started.count).toBe(1);
    }));

  it('shrinks to the least number when it idles, and grows again', () =>
    withBalancer({ workers: { min: 1, max: 3 }, growAfter: 10, idleTimeout: 50 }, async (balancer) => {
      for (let round = 0; round < 2; round++) {
        const gate = new Gate();
        const results = Array.from({ length: 6 }, () => balancer.submit(wait, [gate.shared]));
        await gate.reached(3);
        const shrunk = several(balancer, 'workerEnd', 2);
        const ended = next(balancer, 'workerEnd');
        gate.open();
        await Promise.all(results);
        await shrunk;
        expect(await ended).toMatchObject({ expected: true, exitCode: 0 });
        expect(balancer.stats().workers).toHaveLength(1);
      }
      expect(balancer.stats()).toMatchObject({ completed: 12, failed: 0 });
    }));

  it('does not grow for a session that has much to do: one more worker would be of no use to it', () =>
    withBalancer({ workers: { min: 1, max: 3 }, growAfter: 10 }, (balancer) =>
      withBalancer({ workers: { min: 1, max: 3 }, growAfter: 10 }, async (yardstick) => {
        const started = counter(balancer, 'workerStart');
        const gate = new Gate();
        const session = balancer.session();
        const mine = Array.from({ length: 6 }, () => session.submit(wait, [gate.shared]));
        await gate.reached(1);
        const theirs = Array.from({ length: 6 }, () => yardstick.submit(wait, [gate.shared]));
        // The other one has grown twice meanwhile.
        await gate.reached(4);
        gate.open();
        await Promise.all([...mine, ...theirs]);
        expect(started.count).toBe(1);
        session.close();
      }),
    ));
});

describe('with no worker at the least', () => {
  it('the first request starts one, and the last one goes when it idles', () =>
    withBalancer({ workers: { min: 0, max: 2 }, growAfter: 1e6, idleTimeout: 30 }, async (balancer) => {
      expect(balancer.stats().workers).toHaveLength(0);
      for (let round = 0; round < 2; round++) {
        const ended = next(balancer, 'workerEnd');
        expect(await balancer.submit((a: number, b: number) => a + b, [1, round])).toBe(1 + round);
        expect(balancer.stats().workers).toHaveLength(1);
        await ended;
        expect(balancer.stats().workers).toHaveLength(0);
      }
    }));

  it('is not an empty set: whenEmpty says nothing about it', () =>
    withBalancer({ workers: { min: 0, max: 1 }, whenEmpty: 'fail' }, async (balancer) => {
      expect(await balancer.submit(() => 1)).toBe(1);
    }));

  it('close() finishes what was accepted', () =>
    withBalancer({ workers: { min: 0, max: 1 } }, async (balancer) => {
      const result = balancer.submit(() => 1);
      await balancer.close();
      expect(await result).toBe(1);
    }));

  it('fails requests when none can be started', () =>
    withBalancer({ workers: { min: 0, max: 1 }, execArgv: ['--no-such-option'] }, async (balancer) => {
      await expect(balancer.submit(() => 1)).rejects.toMatchObject({ code: 'ERR_NO_WORKER' });
    }));
});

describe('resize', () => {
  it('sets new limits', () =>
    withBalancer({ workers: 1, growAfter: 10, idleTimeout: 30 }, async (balancer) => {
      await balancer.resize({ min: 1, max: 2 });
      const gate = new Gate();
      const results = [0, 1].map(() => balancer.submit(wait, [gate.shared]));
      await gate.reached(2);
      const ended = next(balancer, 'workerEnd');
      gate.open();
      await Promise.all(results);
      await ended;
      await balancer.resize({ min: 3, max: 3 });
      expect(balancer.stats().workers).toHaveLength(3);
    }));

  it('checks them', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      for (const bad of [
        0,
        1.5,
        -1,
        null,
        undefined,
        '2',
        { min: 2, max: 1 },
        { min: 0, max: 0 },
        { min: 1 },
      ]) {
        await expect(balancer.resize(bad as number)).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' });
      }
      expect(balancer.stats().workers).toHaveLength(1);
    }));
});
