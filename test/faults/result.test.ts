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

  it('an error reaches its caller although the thread can open no file', () =>
    withSmallBalancer({}, async (balancer) => {
      await balancer.submit(faults.echo, [1]);
      const victim = balancer.submit(() => {
        const fs = process.getBuiltinModule('node:fs');
        for (const name of ['openSync', 'readFileSync', 'statSync'] as const)
          Object.assign(fs, {
            [name]: () => {
              throw Object.assign(new Error(name), { code: 'EMFILE' });
            },
          });
        throw Object.assign(new TypeError('its own'), { code: 'MINE' });
      });
      await expect(victim).rejects.toMatchObject({ name: 'TypeError', message: 'its own', code: 'MINE' });
      const large = { list: Array.from({ length: 100 }, (_, i) => ({ i })) };
      expect(await balancer.submit(faults.echo, [large])).toEqual(large);
      expect(balancer.stats().workers).toMatchObject([{ id: 1 }]);
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
