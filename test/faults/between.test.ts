import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { ready } from '../support/readiness.js';

describe('a crash while no request runs', () => {
  it('between two requests: nobody fails', () =>
    withSmallBalancer({ window: 64 }, async (balancer) => {
      const ended: unknown[] = [];
      balancer.on('workerEnd', (event) => ended.push(event));
      // Each leaves an error behind that surfaces in the next turn of the thread's event loop; the busy ones
      // bring that about.
      const requests = Array.from({ length: 60 }, (_, i) =>
        i % 20 === 0 ? balancer.submit(faults.crashLater, [i]) : balancer.submit(faults.busy, [1, i]),
      );
      expect(await fates(requests)).toEqual(requests.map((_, i) => i));
      expect(balancer.stats()).toMatchObject({ submitted: 60, completed: 60, failed: 0, retried: 0 });
      while (ended.length < 3) await once(balancer, 'workerEnd');
      expect(ended[0]).toMatchObject({ expected: false, exitCode: 1, cause: { message: 'late on purpose' } });
      expect(await balancer.submit(faults.echo, ['next'])).toBe('next');
    }));

  it('while idle: the next request runs on a fresh thread', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      await balancer.submit(faults.crashWhenOpened, [gate.words]);
      const first = await balancer.submit(faults.thread);
      const end = once(balancer, 'workerEnd');
      gate.open();
      expect((await end)[0]).toMatchObject({ id: 1, expected: false, cause: { message: 'idle on purpose' } });
      expect(await balancer.submit(faults.thread)).not.toBe(first);
    }));

  it('a request that is posted to a thread which is dying runs elsewhere', () =>
    withSmallBalancer({}, async (balancer) => {
      for (let round = 0; round < 20; round++) {
        const gate = new Gate();
        await balancer.submit(faults.crashWhenOpened, [gate.words]);
        gate.open();
        // At this very time, and so before, while or after it dies.
        const requests = Array.from({ length: 5 }, (_, i) => balancer.submit(faults.echo, [i]));
        expect(await fates(requests)).toEqual([0, 1, 2, 3, 4]);
        await ready(balancer, 1);
      }
    }));

  it('an error that an earlier task left behind ends the request that runs when it surfaces', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      const culprit = balancer.submit(faults.crashWhenOpened, [gate.words]);
      const victim = balancer.submit(faults.never, [gate.words]);
      const behind = balancer.submit(faults.echo, [1]);
      expect(await culprit).toBeUndefined();
      await gate.reached();
      gate.open();
      await expect(victim).rejects.toMatchObject({
        code: 'ERR_WORKER_CRASHED',
        taskName: 'tasks.mjs#never',
        cause: { message: 'idle on purpose' },
      });
      expect(await behind).toBe(1);
    }));
});
