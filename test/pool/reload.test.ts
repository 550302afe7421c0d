import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { tasks } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { ready } from '../support/readiness.js';
import { scratch } from '../support/scratch.js';

const folder = scratch();

const file = path.join(folder, 'changing.mjs');
const write = (version: number) =>
  writeFileSync(
    file,
    `export const version = () => { const end = performance.now() + 1; while (performance.now() < end); return ${version}; };`,
  );
const { version } = tasks(file);

describe('reload', () => {
  it('loads new code, with no request failed and no worker missing', () =>
    withSmallBalancer({ workers: 2 }, async (balancer) => {
      write(1);
      await ready(balancer, 2);
      const requests: Promise<unknown>[] = [];
      const some = () => {
        for (let i = 0; i < 20; i++) requests.push(balancer.submit(version!));
      };
      some();
      expect(new Set(await fates(requests))).toEqual(new Set([1]));
      write(2);
      let over = false;
      let least = 2;
      const reloaded = balancer.reload().then(() => {
        over = true;
      });
      while (!over) {
        const { workers, queued, pending } = balancer.stats();
        least = Math.min(least, workers.filter(({ state }) => state === 'ready').length);
        if (queued + pending < 20) some();
        await turn();
      }
      await reloaded;
      expect(least).toBe(2);
      expect(balancer.stats().workers.map(({ id, state }) => ({ id, state }))).toEqual([
        { id: 3, state: 'ready' },
        { id: 4, state: 'ready' },
      ]);
      expect([...new Set(await fates(requests))].toSorted()).toEqual([1, 2]);
      expect(new Set(await fates(Array.from({ length: 20 }, () => balancer.submit(version!))))).toEqual(
        new Set([2]),
      );
    }));

  it('while another one is under way: what was changed in between is loaded', () =>
    withSmallBalancer({ workers: 2 }, async (balancer) => {
      await ready(balancer, 2);
      write(3);
      const both = [balancer.reload()];
      // The first fresh threads are up, and have loaded this.
      await balancer.submit(version!);
      write(4);
      both.push(balancer.reload());
      await Promise.all(both);
      expect(new Set(await fates(Array.from({ length: 40 }, () => balancer.submit(version!))))).toEqual(
        new Set([4]),
      );
      expect(balancer.stats().workers).toHaveLength(2);
    }));

  it('lets a running request finish on its old thread', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      const running = balancer.submit(faults.blocked, [gate.words, 'ran']);
      await gate.reached();
      const reloaded = balancer.reload();
      // Runs on the fresh thread, meanwhile.
      expect(await balancer.submit(faults.echo, [1])).toBe(1);
      gate.open();
      expect(await running).toBe('ran');
      await reloaded;
      expect(balancer.stats().workers).toMatchObject([{ id: 2 }]);
    }));

  it('and close at once: everything ends', () =>
    withSmallBalancer({ workers: 3 }, async (balancer) => {
      await ready(balancer, 3);
      const [reloaded] = await Promise.allSettled([balancer.reload(), balancer.close()]);
      if (reloaded.status === 'rejected')
        expect(reloaded.reason).toMatchObject({ code: 'ERR_BALANCER_CLOSED' });
      await turn();
      expect(balancer.stats().workers).toEqual([]);
    }));

  it('and resize at once: as many as wanted, and all fresh', () =>
    withSmallBalancer({ workers: 3 }, async (balancer) => {
      await ready(balancer, 3);
      const requests = Array.from({ length: 100 }, (_, i) => balancer.submit(faults.busy, [0.2, i]));
      await Promise.all([balancer.reload(), balancer.resize(2)]);
      expect(await fates(requests)).toEqual(requests.map((_, i) => i));
      const { workers } = balancer.stats();
      expect(workers).toHaveLength(2);
      for (const { id } of workers) expect(id).toBeGreaterThan(3);
    }));

  it('during start-up', () =>
    withSmallBalancer({ workers: 2 }, async (balancer) => {
      const requests = Array.from({ length: 20 }, (_, i) => balancer.submit(faults.echo, [i]));
      await balancer.reload();
      expect(await fates(requests)).toEqual(requests.map((_, i) => i));
      await ready(balancer, 2);
      expect(balancer.stats().workers).toHaveLength(2);
    }));
});
