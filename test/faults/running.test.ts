import { WorkerCrashedError } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { CRASHES, faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { ready } from '../support/readiness.js';

describe.each(CRASHES)('a crash while a request runs: $how', ({ how, exitCode, cause }) => {
  it('rejects that request alone, and says why', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      const before = [balancer.submit(faults.echo, [1]), balancer.submit(faults.echo, ['x'.repeat(1000)])];
      const victim = balancer.submit(faults.crash, [how, gate.words]);
      victim.catch(() => {});
      // In the window behind it (8 deep), by slot and by message; then in the queue.
      const behind = Array.from({ length: 20 }, (_, i) =>
        balancer.submit(faults.echo, [i % 2 === 0 ? i : `${i}`.repeat(1000)]),
      );
      await gate.reached();
      // Some wait in the window, some in the queue.
      expect(balancer.stats().waiting).toBeGreaterThan(0);
      expect(balancer.stats().pending).toBeGreaterThan(1);
      gate.open();

      const error = await victim.then(
        () => expect.unreachable(),
        (reason: WorkerCrashedError) => reason,
      );
      expect(error).toBeInstanceOf(WorkerCrashedError);
      expect(error).toMatchObject({ code: 'ERR_WORKER_CRASHED', exitCode, taskName: 'tasks.mjs#crash' });
      expect(error.requestId).toBe(3);
      expect(error.message).toContain("task 'tasks.mjs#crash' (request 3, worker 1)");
      if (cause === undefined) expect(error.cause).toBeUndefined();
      else expect(error.cause).toMatchObject(cause);

      expect(await fates(before)).toEqual([1, 'x'.repeat(1000)]);
      expect(await fates(behind)).toEqual(behind.map((_, i) => (i % 2 === 0 ? i : `${i}`.repeat(1000))));
      expect(await balancer.submit(faults.echo, ['next'])).toBe('next');
      expect(balancer.stats()).toMatchObject({ submitted: 24, completed: 24, failed: 1, retried: 0 });
    }));

  it('loses no result that was completed just before', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      await ready(balancer, 1);
      const before = [balancer.submit(faults.echo, [1]), balancer.submit(faults.echo, [{ two: 2 }])];
      const failing = balancer.submit(faults.thrower, ['three']);
      const victim = balancer.submit(faults.crash, [how, gate.words]);
      // They are posted at the end of this microtask turn. After that this thread sees nothing until it hears
      // of all at once.
      await Promise.resolve();
      expect(Atomics.wait(gate.words, 0, 0, 20_000)).not.toBe('timed-out');
      gate.open();
      // Time to die, so that it most likely is dead by then; with the results unread, or it has not, the
      // fates are the same.
      Atomics.wait(gate.words, 3, 0, 50);
      expect(await fates([...before, failing, victim])).toEqual([
        1,
        { two: 2 },
        'E_TASK',
        'ERR_WORKER_CRASHED',
      ]);
    }));

  it('loses no result where the main thread looks by itself, and is not told', () =>
    withSmallBalancer({ window: 32 }, async (balancer) => {
      // Short tasks: then it does not wait for a message.
      const short = () => Array.from({ length: 30 }, (_, i) => balancer.submit(faults.echo, [i]));
      for (let i = 0; i < 20; i++) await Promise.all(short());
      const before = short();
      const victim = balancer.submit(faults.crash, [how]);
      await Promise.resolve();
      // Dead, most likely, before this thread looks; otherwise the fates are the same.
      Atomics.wait(new Gate().words, 0, 0, 100);
      expect(await fates([...before, victim])).toEqual([...before.map((_, i) => i), 'ERR_WORKER_CRASHED']);
    }));
});
