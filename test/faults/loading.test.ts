import { tasks } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { loadingAt } from '../support/loading.js';
import { ready } from '../support/readiness.js';

const run = (name: string) => tasks(new URL(`../fixtures/faults/${name}.mjs`, import.meta.url)).run!;

describe('a crash while a module loads', () => {
  it('rejects the request that needed the module; its neighbours run', () =>
    withSmallBalancer({}, async (balancer) => {
      const before = balancer.submit(faults.echo, [1]);
      const victim = balancer.submit(run('exits-at-load'));
      const behind = Array.from({ length: 20 }, (_, i) => balancer.submit(faults.echo, [i]));
      await expect(victim).rejects.toMatchObject({
        code: 'ERR_WORKER_CRASHED',
        exitCode: 11,
        taskName: 'exits-at-load.mjs#run',
      });
      expect(await before).toBe(1);
      expect(await fates(behind)).toEqual(behind.map((_, i) => i));
      expect(await balancer.submit(faults.echo, ['next'])).toBe('next');
    }));

  it('a module that throws costs no thread', () =>
    withSmallBalancer({}, async (balancer) => {
      const [error, after] = await Promise.allSettled([
        balancer.submit(run('throws-at-load')),
        balancer.submit(faults.echo, [1]),
      ]);
      expect(error).toMatchObject({
        status: 'rejected',
        reason: {
          code: 'ERR_TASK_NOT_FOUND',
          cause: { name: 'RangeError', message: 'the module failed on purpose' },
        },
      });
      expect(after).toMatchObject({ value: 1 });
      expect(balancer.stats().workers).toMatchObject([{ id: 1, completed: 2 }]);
    }));

  it('a module that never loads is ended by a timeout', () =>
    withSmallBalancer({ grace: 0 }, async (balancer) => {
      const victim = balancer.submit(run('waits-at-load'), [], { timeout: 20 });
      const behind = [balancer.submit(faults.echo, [1]), balancer.submit(faults.echo, [2])];
      expect(await fates([victim, ...behind])).toEqual(['ERR_TASK_TIMEOUT', 1, 2]);
    }));

  describe.each(['blocking', 'awaiting'] as const)(
    '(%s): a request has not started while its module loads',
    (how) => {
      it('its queueTimeout ends it, and close() does not wait for it', () =>
        withSmallBalancer({ grace: 0 }, async (balancer) => {
          const gate = new Gate();
          const [victim] = await loadingAt(gate, balancer, how, { queueTimeout: 1_000 });
          const behind = [balancer.submit(faults.echo, [1]), balancer.submit(faults.echo, [2])];
          await expect(victim).rejects.toMatchObject({
            code: 'ERR_TASK_TIMEOUT',
            phase: 'queue',
            timeout: 1_000,
          });
          expect(await fates(behind)).toEqual([1, 2]);
        }));

      it('it never starts after that, and the thread goes on', () =>
        withSmallBalancer({ grace: 60_000 }, async (balancer) => {
          const gate = new Gate();
          const [victim] = await loadingAt(gate, balancer, how, { queueTimeout: 1_000 });
          const behind = balancer.submit(faults.echo, [1]);
          await expect(victim).rejects.toMatchObject({ code: 'ERR_TASK_TIMEOUT', phase: 'queue' });
          gate.open();
          expect(await behind).toBe(1);
          expect(gate.count).toBe(0);
          expect(balancer.stats().workers).toMatchObject([{ id: 1 }]);
        }));
    },
  );

  it('a queueTimeout that ends after the load and during the run does nothing', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      await ready(balancer, 1);
      const running = balancer.submit(faults.blocked, [gate.words, 'ran'], { queueTimeout: 2_000 });
      await gate.reached();
      const later = balancer.submit(faults.echo, [1], { queueTimeout: 2_001 });
      await expect(later).rejects.toMatchObject({ phase: 'queue' });
      gate.open();
      expect(await running).toBe('ran');
    }));
});
