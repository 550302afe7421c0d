import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { CRASHES, faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { ready } from '../support/readiness.js';

describe('several workers crash at once', () => {
  it.each([
    { workers: 3, crashing: 2 },
    { workers: 3, crashing: 3 },
    { workers: 1, crashing: 1 },
  ])('$crashing of $workers', ({ workers, crashing }) =>
    withSmallBalancer({ workers }, async (balancer) => {
      await ready(balancer, workers);
      const gates = Array.from({ length: crashing }, () => new Gate());
      const victims = gates.map((gate, i) => balancer.submit(faults.crash, [CRASHES[i]!.how, gate.words]));
      for (const victim of victims) victim.catch(() => {});
      await Promise.all(gates.map((gate) => gate.reached()));
      const others = Array.from({ length: 60 }, (_, i) =>
        balancer.submit(faults.echo, [i % 2 === 0 ? i : { i }]),
      );
      for (const gate of gates) gate.open();
      expect(await fates(victims)).toEqual(victims.map(() => 'ERR_WORKER_CRASHED'));
      expect(await fates(others)).toEqual(others.map((_, i) => (i % 2 === 0 ? i : { i })));
      await ready(balancer, workers);
      expect(balancer.stats()).toMatchObject({
        submitted: 60 + crashing,
        completed: 60 + crashing,
        failed: crashing,
      });
    }),
  );

  it('again and again, while work comes in: only those that crash fail', () =>
    withSmallBalancer({ workers: 2 }, async (balancer) => {
      const requests: Promise<unknown>[] = [];
      const expected: unknown[] = [];
      for (let i = 0; i < 300; i++) {
        if (i % 15 === 7) {
          requests.push(balancer.submit(faults.crash, [i % 2 === 0 ? 'exit' : 'uncaught error']));
          expected.push('ERR_WORKER_CRASHED');
        } else {
          requests.push(balancer.submit(faults.echo, [i]));
          expected.push(i);
        }
        requests.at(-1)!.catch(() => {});
        if (i % 30 === 29) await requests[i - 10]!.catch(() => {});
      }
      expect(await fates(requests)).toEqual(expected);
    }));

  it('one after the other: a fresh thread is started at once, since each was up and had begun to work', () =>
    withSmallBalancer({}, async (balancer) => {
      const victims = Array.from({ length: 6 }, () => balancer.submit(faults.crash, ['exit']));
      const good = balancer.submit(faults.echo, [1]);
      // In which order those that were held back for `good` run is not promised.
      const all = fates(victims);
      for (const _ of victims) {
        const [{ id }] = await once(balancer, 'workerEnd');
        // The event comes ahead of the start, in the same turn.
        await undefined;
        expect(balancer.stats().workers).toMatchObject([{ id: id + 1, state: 'starting' }]);
      }
      expect(await all).toEqual(victims.map(() => 'ERR_WORKER_CRASHED'));
      expect(await good).toBe(1);
    }));
});
