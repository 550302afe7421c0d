import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { CRASHES, faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';

describe('retries', () => {
  it.each(CRASHES)('runs it again, on another worker: $how', ({ how }) =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      const before = balancer.submit(faults.echo, ['before']);
      const request = balancer.submit(faults.crashTimes, [1, how, gate.words], { retries: 1 });
      const behind = Array.from({ length: 10 }, (_, i) => balancer.submit(faults.echo, [i]));
      expect(await request).toBe('at last');
      expect(gate.count).toBe(2);
      expect(await fates([before, ...behind])).toEqual(['before', ...behind.map((_, i) => i)]);
      expect(balancer.stats()).toMatchObject({ submitted: 12, completed: 12, failed: 0, retried: 1 });
    }),
  );

  it('no more often than it says', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      const request = balancer.submit(faults.crashTimes, [9, 'exit', gate.words], { retries: 1 });
      await expect(request).rejects.toMatchObject({ code: 'ERR_WORKER_CRASHED', exitCode: 7 });
      expect(gate.count).toBe(2);
    }));

  it('a request that has killed three workers is not given a fourth, whatever it says', () =>
    withSmallBalancer({ workers: 2 }, async (balancer) => {
      const gate = new Gate();
      const request = balancer.submit(faults.crashTimes, [9, 'exit', gate.words], { retries: 100 });
      const behind = Array.from({ length: 10 }, (_, i) => balancer.submit(faults.echo, [i]));
      await expect(request).rejects.toMatchObject({ code: 'ERR_WORKER_CRASHED' });
      expect(gate.count).toBe(3);
      expect(await fates(behind)).toEqual(behind.map((_, i) => i));
    }));

  it('never runs anything twice that did not ask for it', () =>
    withSmallBalancer({ workers: 2 }, async (balancer) => {
      const gate = new Gate();
      const requests: Promise<unknown>[] = [];
      for (let i = 0; i < 200; i++) {
        requests.push(balancer.submit(faults.count, [gate.words]));
        if (i % 20 === 0) requests.push(balancer.submit(faults.crash, ['exit']));
      }
      const counts = (await fates(requests)).filter((fate) => typeof fate === 'number');
      expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
      expect(gate.count).toBe(200);
    }));

  it('the default of the Balancer applies to each request', () =>
    withSmallBalancer({ retries: 2 }, async (balancer) => {
      const gate = new Gate();
      expect(await balancer.submit(faults.crashTimes, [2, 'exit', gate.words])).toBe('at last');
    }));

  it('keeps its place by age: it runs before what was submitted after it', () =>
    withSmallBalancer({ window: 2 }, async (balancer) => {
      const order: string[] = [];
      const note = (name: string) => () => order.push(name);
      const gate = new Gate();
      const request = balancer.submit(faults.crashTimes, [1, 'exit', gate.words], { retries: 1 });
      const behind = Array.from({ length: 5 }, (_, i) =>
        balancer.submit(faults.echo, [i]).then(note(`${i}`)),
      );
      await Promise.all([request.then(note('retried')), ...behind]);
      expect(order).toEqual(['retried', '0', '1', '2', '3', '4']);
    }));
});
