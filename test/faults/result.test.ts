import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { faults } from '../support/faults.js';

describe('a crash while the result is cloned', () => {
  it('rejects that request alone', () =>
    withSmallBalancer({}, async (balancer) => {
      const before = balancer.submit(faults.echo, [{ before: true }]);
      const victim = balancer.submit(faults.trap, ['exits']);
      const behind = Array.from({ length: 20 }, (_, i) => balancer.submit(faults.echo, [i]));
      await expect(victim).rejects.toMatchObject({ code: 'ERR_WORKER_CRASHED', exitCode: 9 });
      expect(await before).toEqual({ before: true });
      expect(await fates(behind)).toEqual(behind.map((_, i) => i));
      expect(await balancer.submit(faults.echo, ['next'])).toBe('next');
    }));

  it('a getter that throws costs no thread', () =>
    withSmallBalancer({}, async (balancer) => {
      const [victim, after] = await Promise.allSettled([
        balancer.submit(faults.trap, ['throws']),
        balancer.submit(faults.echo, [1]),
      ]);
      expect(victim).toMatchObject({
        status: 'rejected',
        reason: { code: 'ERR_NOT_CLONEABLE', message: expect.stringContaining('from the getter') },
      });
      expect(after).toMatchObject({ value: 1 });
      expect(balancer.stats().workers).toMatchObject([{ id: 1, completed: 2 }]);
    }));
});
