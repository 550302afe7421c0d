import { TaskTimeoutError } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { ready } from '../support/readiness.js';
import { until } from '../support/until.js';

describe('timeout', () => {
  it.each(['endless', 'never'])('ends a run that takes too long (%s); its neighbours run', (name) =>
    withSmallBalancer({ grace: 5 }, async (balancer) => {
      const before = balancer.submit(faults.echo, ['before']);
      const request = balancer.submit(faults[name]!, [], { timeout: 30 });
      const behind = Array.from({ length: 20 }, (_, i) => balancer.submit(faults.echo, [i]));
      const error = await request.catch((reason: TaskTimeoutError) => reason);
      expect(error).toBeInstanceOf(TaskTimeoutError);
      expect(error).toMatchObject({ code: 'ERR_TASK_TIMEOUT', phase: 'run', timeout: 30 });
      expect(await before).toBe('before');
      expect(await fates(behind)).toEqual(behind.map((_, i) => i));
      expect(balancer.stats()).toMatchObject({ retried: 0, workers: [{ id: 2 }] });
    }),
  );

  it('aborts the signal of its task first, which may end by itself', () =>
    withSmallBalancer({ grace: 60_000 }, async (balancer) => {
      const gate = new Gate();
      // A request whose time is up while its module loads does not start at all.
      await balancer.submit(faults.echo, [0]);
      await expect(balancer.submit(faults.heeding, [gate.words], { timeout: 20 })).rejects.toMatchObject({
        code: 'ERR_TASK_TIMEOUT',
      });
      await gate.counted();
      expect(await balancer.submit(faults.echo, [1])).toBe(1);
      expect(balancer.stats().workers).toMatchObject([{ id: 1 }]);
    }));

  it('counts from the start of the run, not from submit', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      const first = balancer.submit(faults.blocked, [gate.words]);
      const waiting = Array.from({ length: 20 }, (_, i) =>
        balancer.submit(faults.echo, [i], { timeout: 1_000 }),
      );
      await gate.reached();
      // Twice the timeout and more goes by while they wait, in the window and in the queue.
      await new Promise((resolve) => setTimeout(resolve, 2_100));
      gate.open();
      expect(await fates([first, ...waiting])).toEqual([undefined, ...waiting.map((_, i) => i)]);
    }));

  it.each(['timeout', 'queueTimeout'])(
    'does not blame a run that ended in time while the main thread was busy (%s)',
    (name) =>
      withSmallBalancer({}, async (balancer) => {
        await balancer.submit(faults.echo, [0]);
        const gate = new Gate();
        const end = performance.now() + 1_500;
        const request = balancer.submit(faults.blocked, [gate.words, 'in time'], { [name]: 1_400 });
        await gate.reached();
        // In a timer's callback: those of the timers that are due by its end come next, before anything else
        // is heard.
        setTimeout(() => {
          gate.open();
          while (performance.now() < end);
        }, 1);
        expect(await fates([request])).toEqual(['in time']);
      }),
  );

  it('of one that hangs behind completions which nobody has read yet', () =>
    withSmallBalancer({ grace: 0 }, async (balancer) => {
      await ready(balancer, 1);
      const gate = new Gate();
      const requests = [
        balancer.submit(faults.echo, [1]),
        balancer.submit(faults.endless, [gate.words], { timeout: 5 }),
        balancer.submit(faults.echo, [2]),
      ];
      await Promise.resolve();
      expect(Atomics.wait(gate.words, 0, 0, 20_000)).not.toBe('timed-out');
      const end = performance.now() + 30;
      while (performance.now() < end);
      expect(await fates(requests)).toEqual([1, 'ERR_TASK_TIMEOUT', 2]);
    }));

  it('the default of the Balancer applies to each request, and can be switched off for one', () =>
    withSmallBalancer({ timeout: 20, grace: 0 }, async (balancer) => {
      const gate = new Gate();
      expect(await fates([balancer.submit(faults.never)])).toEqual(['ERR_TASK_TIMEOUT']);
      const patient = balancer.submit(faults.blocked, [gate.words, 'patient'], {
        timeout: Number.POSITIVE_INFINITY,
      });
      await gate.reached();
      await new Promise((resolve) => setTimeout(resolve, 50));
      gate.open();
      expect(await patient).toBe('patient');
    }));

  it('does not depend on the wall clock, which may have been set since the process started', () =>
    withSmallBalancer({ grace: 0 }, async (balancer) => {
      const { timeOrigin } = performance;
      Object.defineProperty(performance, 'timeOrigin', { value: timeOrigin - 3_600_000, configurable: true });
      try {
        expect(await fates([balancer.submit(faults.endless, [], { timeout: 20 })])).toEqual([
          'ERR_TASK_TIMEOUT',
        ]);
      } finally {
        delete (performance as { timeOrigin?: number }).timeOrigin;
      }
    }));

  it('starts anew with each run', () =>
    withSmallBalancer({ grace: 0 }, async (balancer) => {
      const gate = new Gate();
      const request = balancer.submit(faults.crashTimes, [2, 'exit', gate.words], {
        timeout: 20_000,
        retries: 2,
      });
      expect(await request).toBe('at last');
      expect(gate.count).toBe(3);
    }));
});

describe('queueTimeout', () => {
  it('rejects what has not started in time, in the window and in the queue', () =>
    withSmallBalancer({ window: 4 }, async (balancer) => {
      const gate = new Gate();
      const running = balancer.submit(faults.blocked, [gate.words, 'ran'], { queueTimeout: 20_000 });
      await gate.reached();
      const late = Array.from({ length: 12 }, (_, i) =>
        balancer.submit(faults.echo, [i], { queueTimeout: 20 }),
      );
      const patient = balancer.submit(faults.echo, ['patient']);
      const error = await late[0]!.catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'ERR_TASK_TIMEOUT', phase: 'queue', timeout: 20 });
      expect(new Set(await fates(late))).toEqual(new Set(['ERR_TASK_TIMEOUT']));
      await until(() => balancer.stats().pending === 2);
      gate.open();
      expect(await fates([running, patient])).toEqual(['ran', 'patient']);
      expect(balancer.stats().workers).toMatchObject([{ id: 1, completed: 2 }]);
    }));

  it('is over once the run has started', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      await balancer.submit(faults.echo, [0]);
      const running = balancer.submit(faults.blocked, [gate.words, 'ran'], { queueTimeout: 1_000 });
      await Promise.resolve();
      // No timer of this thread can fire before it has started.
      expect(Atomics.wait(gate.words, 0, 0, 20_000)).not.toBe('timed-out');
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      gate.open();
      expect(await running).toBe('ran');
    }));

  it('the default of the Balancer applies to each request', () =>
    withSmallBalancer({ queueTimeout: 20, window: 1 }, async (balancer) => {
      const gate = new Gate();
      await ready(balancer, 1);
      const running = balancer.submit(faults.blocked, [gate.words, 'ran'], { queueTimeout: 20_000 });
      await gate.reached();
      expect(await fates([balancer.submit(faults.echo, [1])])).toEqual(['ERR_TASK_TIMEOUT']);
      gate.open();
      expect(await running).toBe('ran');
    }));
});
