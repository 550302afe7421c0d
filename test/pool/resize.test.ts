import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { ready } from '../support/readiness.js';
import { until } from '../support/until.js';

describe('resize', () => {
  it('up and down while work runs: nothing fails', () =>
    withSmallBalancer({ workers: 2 }, async (balancer) => {
      const requests: Promise<unknown>[] = [];
      const some = () => {
        for (let i = 0; i < 100; i++) {
          const at = requests.length;
          requests.push(balancer.submit(faults.busy, [0.1, at]));
        }
      };
      for (const size of [4, 1, 3, 2]) {
        some();
        await balancer.resize(size);
        some();
        expect(balancer.stats().workers).toHaveLength(size);
      }
      expect(await fates(requests)).toEqual(requests.map((_, i) => i));
      expect(balancer.stats()).toMatchObject({ failed: 0, retried: 0 });
    }));

  it('a surplus worker finishes what it runs; what it has not started runs elsewhere', () =>
    withSmallBalancer({ window: 32 }, async (balancer) => {
      const gates = [new Gate(), new Gate()];
      const running = [balancer.submit(faults.blocked, [gates[0]!.words, 0])];
      await gates[0]!.reached();
      await balancer.add();
      running.push(balancer.submit(faults.blocked, [gates[1]!.words, 1]));
      await gates[1]!.reached();
      const behind = Array.from({ length: 20 }, (_, i) =>
        balancer.submit(faults.echo, [i % 2 === 0 ? i : { i }]),
      );
      let resized = false;
      const resizing = balancer.resize(1).then(() => {
        resized = true;
      });
      await until(() => balancer.stats().workers.some(({ state }) => state === 'draining'));
      const draining = balancer.stats().workers.find(({ state }) => state === 'draining')!;
      expect(draining.pending).toBe(1);
      // The other one is free first, and takes over everything.
      gates[draining.id === 1 ? 1 : 0]!.open();
      expect(await fates(behind)).toEqual(behind.map((_, i) => (i % 2 === 0 ? i : { i })));
      expect(resized).toBe(false);
      for (const gate of gates) gate.open();
      await resizing;
      expect(await fates(running)).toEqual([0, 1]);
    }));

  it('during start-up, and several at once: the last one counts', () =>
    withSmallBalancer({ workers: 4 }, async (balancer) => {
      const requests = Array.from({ length: 40 }, (_, i) => balancer.submit(faults.echo, [i]));
      const results = await Promise.allSettled([balancer.resize(1), balancer.resize(5), balancer.resize(2)]);
      expect(results.at(-1)).toMatchObject({ status: 'fulfilled' });
      expect(await fates(requests)).toEqual(requests.map((_, i) => i));
      await ready(balancer, 2);
      expect(balancer.stats().workers).toHaveLength(2);
    }));

  it('add and remove', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      const running = balancer.submit(faults.blocked, [gate.words, 'ran']);
      await gate.reached();
      const id = await balancer.add();
      expect(await balancer.submit(faults.echo, [1])).toBe(1);
      const removed = balancer.remove(1);
      expect(await balancer.remove(1)).toBe(false);
      expect(await balancer.submit(faults.echo, [2])).toBe(2);
      gate.open();
      expect(await Promise.all([running, removed])).toEqual(['ran', true]);
      expect(balancer.stats().workers).toMatchObject([{ id }]);
      expect(await balancer.remove(99)).toBe(false);
      for (const id of ['1', 0, 1.5, undefined]) {
        await expect(balancer.remove(id as number)).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION' });
      }
    }));
});
