import { describe, expect, it, vi } from 'vitest';
import { everything, fileIn, HEALTHY } from './everything.js';

describe('fake timers that are installed before the package is loaded, in the program and in its threads', () => {
  it.each(['node-test', 'sinon', 'fake-timers', 'on-top-of-each-other', 'hand-made', 'clocks'])(
    '%s',
    async (tool) => {
      const { outcomes, errors } = await everything(['--import', fileIn(`fakes/${tool}.mjs`)]);
      expect(outcomes).toEqual(HEALTHY);
      expect(errors).toBe('');
    },
  );

  it('vitest', async () => {
    vi.useFakeTimers();
    try {
      const { Balancer } = await import('leastwork');
      const balancer = new Balancer({ workers: 1, grace: 5 });
      const endless = () => {
        for (;;);
      };
      await expect(balancer.submit(endless, [], { timeout: 5 })).rejects.toMatchObject({
        code: 'ERR_TASK_TIMEOUT',
      });
      await expect(balancer.submit(() => process.exit(3))).rejects.toMatchObject({
        code: 'ERR_WORKER_CRASHED',
      });
      expect(await balancer.submit((a, b) => a + b, [1, 2])).toBe(3);
      await balancer.close();
    } finally {
      vi.useRealTimers();
    }
  });
});
