import { tasks } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { faults } from '../support/faults.js';

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
});
