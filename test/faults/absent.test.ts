import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { ready } from '../support/readiness.js';
import { until } from '../support/until.js';

/** Holds a worker's thread by something that a task has left behind, until the gate is opened. */
async function hold(submit: (task: typeof faults.blockLater, args: [Int32Array]) => Promise<unknown>) {
  const gate = new Gate();
  await submit(faults.blockLater!, [gate.words]);
  await gate.reached();
  return gate;
}

// A heartbeat would help as well, in half a minute.
describe.each([{ window: 8 }, { window: 1 }, { window: 'auto' }] as const)(
  'a thread that something of an earlier task holds, window $window',
  ({ window }) => {
    const options = { workers: 2, window, heartbeat: false } as const;

    it('keeps no request from a worker that idles', () =>
      withSmallBalancer(options, async (balancer) => {
        await ready(balancer, 2);
        const gate = await hold((task, args) => balancer.submit(task, args));
        for (let i = 0; i < 10; i++) {
          expect(await balancer.submit(faults.echo, [i])).toBe(i);
          const some = Array.from({ length: 20 }, (_, k) => balancer.submit(faults.echo, [{ k }]));
          expect(await Promise.all(some)).toEqual(some.map((_, k) => ({ k })));
        }
        gate.open();
      }));

    it('gets none once one was taken back, as long as it does not answer', () =>
      withSmallBalancer(options, async (balancer) => {
        await ready(balancer, 2);
        const gate = await hold((task, args) => balancer.submit(task, args));
        const held = balancer.stats().workers.findIndex(({ completed }) => completed === 1);
        for (let wasSent = false; !wasSent; ) {
          let isDone = false;
          void balancer.submit(faults.echo, [0]).then(() => {
            isDone = true;
          });
          await Promise.resolve();
          // In each turn: on a busy machine it may be taken back from the other one first, and be sent to
          // this one only then.
          await until(() => {
            wasSent ||= balancer.stats().workers[held]!.pending === 1;
            return isDone;
          });
        }
        for (let i = 0; i < 20; i++) {
          const some = Array.from({ length: 20 }, (_, k) => balancer.submit(faults.echo, [{ k }]));
          await Promise.resolve();
          expect(balancer.stats().workers[held]!.pending).toBe(0);
          await some[10];
          await Promise.resolve();
          expect(balancer.stats().workers[held]!.pending).toBe(0);
          await Promise.all(some);
        }
        gate.open();
      }));

    it('keeps no request from a worker that idles later', () =>
      withSmallBalancer(options, async (balancer) => {
        await ready(balancer, 2);
        const held = await hold((task, args) => balancer.submit(task, args));
        const gate = new Gate();
        const blocked = balancer.submit(faults.blocked, [gate.words, 'blocked']);
        await gate.reached();
        const waiting = Array.from({ length: 5 }, (_, i) => balancer.submit(faults.echo, [i]));
        await until(() => balancer.stats().reclaimed > 0);
        gate.open();
        expect(await Promise.all([blocked, ...waiting])).toEqual(['blocked', 0, 1, 2, 3, 4]);
        held.open();
      }));

    it('gets requests again as soon as it is free', () =>
      withSmallBalancer(options, async (balancer) => {
        await ready(balancer, 2);
        const held = await hold((task, args) => balancer.submit(task, args));
        // Until one of them was sent to it, and taken back.
        while (balancer.stats().reclaimed === 0) await balancer.submit(faults.echo, [0]);
        const gates = [new Gate(), new Gate()];
        const blocked = gates.map((gate, i) => balancer.submit(faults.blocked, [gate.words, i]));
        held.open();
        // Both at once: so both workers run.
        await Promise.all(gates.map((gate) => gate.reached()));
        for (const gate of gates) gate.open();
        expect(await Promise.all(blocked)).toEqual([0, 1]);
      }));

    it('is one of two such: the first that is free runs what waits', () =>
      withSmallBalancer(options, async (balancer) => {
        await ready(balancer, 2);
        const gates = [new Gate(), new Gate()];
        await Promise.all(gates.map((gate) => balancer.submit(faults.crossing, [gate.words])));
        await Promise.all(gates.map((gate) => gate.reached()));
        const waiting = Array.from({ length: 5 }, (_, i) => balancer.submit(faults.echo, [i]));
        gates[1]!.open();
        expect(await Promise.all(waiting)).toEqual([0, 1, 2, 3, 4]);
        gates[0]!.open();
      }));

    it('is ended: what it was to run runs elsewhere', () =>
      withSmallBalancer(options, async (balancer) => {
        await ready(balancer, 2);
        const gate = new Gate();
        await balancer.submit(faults.crashLaterThan, [gate.words]);
        await gate.reached();
        const waiting = Array.from({ length: 5 }, (_, i) => balancer.submit(faults.echo, [i]));
        gate.open();
        expect(await fates(waiting)).toEqual([0, 1, 2, 3, 4]);
        await ready(balancer, 2);
      }));

    it('is the only one: its request waits', () =>
      withSmallBalancer({ ...options, workers: 1 }, async (balancer) => {
        const gate = await hold((task, args) => balancer.submit(task, args));
        const waiting = balancer.submit(faults.echo, [1]);
        await until(() => balancer.stats().pending === 1);
        gate.open();
        expect(await waiting).toBe(1);
        expect(balancer.stats().reclaimed).toBe(0);
      }));

    it('keeps what must run there', () =>
      withSmallBalancer(options, async (balancer) => {
        await ready(balancer, 2);
        const session = balancer.session();
        const gate = await hold((task, args) => session.submit(task, args));
        const own = [session.submit(faults.echo, [1]), session.submit(faults.thread)];
        for (let i = 0; i < 10; i++) expect(await balancer.submit(faults.echo, [i])).toBe(i);
        gate.open();
        const { workerId } = session;
        expect(await own[0]).toBe(1);
        expect(await session.submit(faults.thread)).toBe(await own[1]);
        expect(session.workerId).toBe(workerId);
      }));
  },
);
