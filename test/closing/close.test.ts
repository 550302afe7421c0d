import { Balancer } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { ready } from '../support/readiness.js';
import { until } from '../support/until.js';

describe('close', () => {
  it('finishes what was accepted and refuses the rest', () =>
    withSmallBalancer({ workers: 2 }, async (balancer) => {
      const gate = new Gate();
      const accepted = [
        balancer.submit(faults.blocked, [gate.words, 'ran']),
        ...Array.from({ length: 50 }, (_, i) => balancer.submit(faults.echo, [i])),
      ];
      await gate.reached();
      const session = balancer.session();
      const closed = balancer.close();
      const refused = [balancer.submit(faults.echo, [1]), session.submit(faults.echo, [1])];
      expect(await fates(refused)).toEqual(['ERR_BALANCER_CLOSED', 'ERR_BALANCER_CLOSED']);
      for (const change of [balancer.resize(3), balancer.add(), balancer.reload()]) {
        await expect(change).rejects.toMatchObject({ code: 'ERR_BALANCER_CLOSED' });
      }
      gate.open();
      await closed;
      expect(await fates(accepted)).toEqual(['ran', ...Array.from({ length: 50 }, (_, i) => i)]);
      expect(balancer.stats()).toMatchObject({ queued: 0, pending: 0, workers: [] });
    }));

  it('refuses as a closed one, also where no worker is left', () =>
    withSmallBalancer({ workers: 1 }, async (balancer) => {
      for (const { id } of balancer.stats().workers) await balancer.remove(id);
      const closed = balancer.close();
      expect(await fates([balancer.submit(faults.echo, [1])])).toEqual(['ERR_BALANCER_CLOSED']);
      await closed;
      expect(await fates([balancer.submit(faults.echo, [1])])).toEqual(['ERR_BALANCER_CLOSED']);
    }));

  it('again and again, and after the end', () =>
    withSmallBalancer({}, async (balancer) => {
      const result = balancer.submit(faults.echo, [1]);
      await Promise.all([balancer.close(), balancer.close(), balancer.close({ timeout: 60_000 })]);
      await balancer.close();
      await balancer[Symbol.asyncDispose]();
      await balancer.close({ timeout: 0 });
      expect(await result).toBe(1);
    }));

  it('before any thread is up: what was accepted still runs', () =>
    withSmallBalancer({ workers: 3 }, async (balancer) => {
      const requests = Array.from({ length: 20 }, (_, i) => balancer.submit(faults.echo, [i]));
      const closed = balancer.close();
      expect(await fates(requests)).toEqual(requests.map((_, i) => i));
      await closed;
    }));

  it('at once', async () => {
    const balancer = new Balancer({ workers: 3 });
    await balancer.close();
    expect(balancer.stats().workers).toEqual([]);
  });

  it('ends threads that are starting without naming a cause', async () => {
    const balancer = new Balancer({ workers: 2 });
    const causes: unknown[] = [];
    balancer.on('workerEnd', ({ cause }) => causes.push(cause));
    await balancer.close();
    expect(causes).toEqual([undefined, undefined]);
  });

  it('while no thread can be started', async () => {
    const balancer = new Balancer({ execArgv: ['--no-such-flag'] });
    const requests = fates([balancer.submit(faults.echo, [1]), balancer.submit(faults.echo, [2])]);
    await balancer.close();
    expect(await requests).toEqual(['ERR_NO_WORKER', 'ERR_NO_WORKER']);
  });

  it('lets a removed worker end that has stayed for its session', () =>
    withSmallBalancer({ workers: 2 }, async (balancer) => {
      await ready(balancer, 2);
      const session = balancer.session();
      const exitCodes: unknown[] = [];
      balancer.on('workerEnd', ({ exitCode }) => exitCodes.push(exitCode));
      await session.submit(faults.echo, [1]);
      const removed = balancer.remove(session.workerId as number);
      await balancer.close();
      expect(await removed).toBe(true);
      // One that must be ended has another one.
      expect(exitCodes).toEqual([0, 0]);
    }));

  it('closes sessions that are still open', () =>
    withSmallBalancer({}, async (balancer) => {
      const session = balancer.session();
      expect(await session.submit(faults.echo, [1])).toBe(1);
      await balancer.close();
      expect(await fates([session.submit(faults.echo, [2])])).toEqual(['ERR_BALANCER_CLOSED']);
    }));

  it('ends a thread that a stray callback of a task keeps busy', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      await balancer.submit(faults.hangLater, [gate.words]);
      await gate.reached();
      await balancer.close();
    }));
});

describe('close with a timeout', () => {
  it('rejects what is not finished then, wherever it is, and ends the threads', () =>
    withSmallBalancer({ workers: 2, window: 4, retries: 3 }, async (balancer) => {
      await ready(balancer, 2);
      const gates = [new Gate(), new Gate()];
      const session = balancer.session();
      const bytes = new Uint8Array(10);
      const done = balancer.submit(faults.echo, ['done']);
      const requests = [
        session.submit(faults.endless, [gates[0]!.words]),
        session.submit(faults.describeBytes, [bytes], { transfer: [bytes.buffer] }),
        balancer.submit(faults.never, [gates[1]!.words]),
        ...Array.from({ length: 20 }, (_, i) => balancer.submit(faults.echo, [i])),
      ];
      for (const request of requests) request.catch(() => {});
      await Promise.all(gates.map((gate) => gate.reached()));
      const closed = balancer.close({ timeout: 10 });
      const error = await requests[0]!.catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'ERR_BALANCER_CLOSED', message: expect.stringContaining('10 ms') });
      expect(await fates(requests)).toEqual(requests.map(() => 'ERR_BALANCER_CLOSED'));
      await closed;
      expect(await done).toBe('done');
      expect(balancer.stats()).toMatchObject({ queued: 0, pending: 0, workers: [], retried: 0 });
    }));

  it('gives results that were there in time', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      await ready(balancer, 1);
      const results = [balancer.submit(faults.echo, [1]), balancer.submit(faults.echo, [{ two: 2 }])];
      const running = balancer.submit(faults.endless, [gate.words]);
      const closed = balancer.close({ timeout: 5 });
      // The main thread is busy until after the timeout, and has read nothing.
      expect(Atomics.wait(gate.words, 0, 0, 20_000)).not.toBe('timed-out');
      const end = performance.now() + 10;
      while (performance.now() < end);
      expect(await fates([...results, running])).toEqual([1, { two: 2 }, 'ERR_BALANCER_CLOSED']);
      await closed;
    }));

  it('has no effect when everything is over before', () =>
    withSmallBalancer({}, async (balancer) => {
      const result = balancer.submit(faults.echo, [1]);
      await balancer.close({ timeout: 60_000 });
      expect(await result).toBe(1);
    }));

  it('after a close without one', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      const running = balancer.submit(faults.endless, [gate.words]);
      running.catch(() => {});
      await gate.reached();
      const patient = balancer.close();
      await balancer.close({ timeout: 1 });
      await patient;
      expect(await fates([running])).toEqual(['ERR_BALANCER_CLOSED']);
    }));

  it('during start-up', () =>
    withSmallBalancer({ workers: 2 }, async (balancer) => {
      const ended = fates([balancer.submit(faults.endless), balancer.submit(faults.never)]);
      await balancer.close({ timeout: 0 });
      expect(await ended).toEqual(['ERR_BALANCER_CLOSED', 'ERR_BALANCER_CLOSED']);
    }));

  it('during a crash, and while a worker is restarted', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      const victim = balancer.submit(faults.crash, ['exit', gate.words]);
      const behind = balancer.submit(faults.never);
      behind.catch(() => {});
      await gate.reached();
      const closed = balancer.close({ timeout: 2_000 });
      gate.open();
      expect(await fates([victim])).toEqual(['ERR_WORKER_CRASHED']);
      await until(() => balancer.stats().pending + balancer.stats().queued > 0);
      expect(await fates([behind])).toEqual(['ERR_BALANCER_CLOSED']);
      await closed;
    }));
});
