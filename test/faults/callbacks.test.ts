import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { ready } from '../support/readiness.js';

/** What surfaces as uncaught while `act` runs. vitest's own listener would fail the test. */
async function uncaughtDuring(act: () => Promise<void>): Promise<unknown[]> {
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  const caught: unknown[] = [];
  process.on('uncaughtException', (error) => caught.push(error));
  try {
    await act();
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of others) process.on('uncaughtException', listener);
  }
  return caught;
}

describe("in the caller's own callbacks", () => {
  it('a crash while a `then` callback keeps the main thread busy, and submits', () =>
    withSmallBalancer({}, async (balancer) => {
      const gate = new Gate();
      await ready(balancer, 1);
      const inner: Promise<unknown>[] = [];
      const outer = balancer.submit(faults.echo, [1]).then(() => {
        // The worker goes on meanwhile, to the crash, and is dead before this thread hears of anything.
        expect(Atomics.wait(gate.words, 0, 0, 20_000)).not.toBe('timed-out');
        gate.open();
        for (let i = 0; i < 200; i++) inner.push(balancer.submit(faults.echo, [i]));
      });
      const victim = balancer.submit(faults.crash, ['exit', gate.words]);
      const behind = balancer.submit(faults.echo, [2]);
      expect(await fates([outer, victim, behind])).toEqual([undefined, 'ERR_WORKER_CRASHED', 2]);
      expect(await fates(inner)).toEqual(inner.map((_, i) => i));
    }));

  it('the rejection handler of a crashed request may submit, abort and close', () =>
    withSmallBalancer({}, async (balancer) => {
      const abort = new AbortController();
      const victim = balancer.submit(faults.crash, ['exit']);
      const aborted = balancer.submit(faults.echo, [0], { signal: abort.signal });
      const behind = balancer.submit(faults.echo, [1]);
      const inner = victim.catch(() => {
        abort.abort(new Error('enough'));
        const next = balancer.submit(faults.echo, ['next']);
        void balancer.close();
        return next;
      });
      expect(await fates([inner, aborted, behind])).toEqual(['next', 'Error: enough', 1]);
    }));

  it('listeners that throw stop nothing', () =>
    withSmallBalancer({ window: 1, maxQueue: 2 }, async (balancer) => {
      const gate = new Gate();
      for (const event of ['workerStart', 'workerEnd', 'drain'] as const) {
        balancer.on(event, () => {
          throw new Error(`from ${event}`);
        });
      }
      const caught = await uncaughtDuring(async () => {
        await ready(balancer, 1);
        const victim = balancer.submit(faults.crash, ['exit', gate.words]);
        await gate.reached();
        const behind = [balancer.submit(faults.echo, [1]), balancer.submit(faults.echo, [2])];
        expect(await fates([balancer.submit(faults.echo, [3])])).toEqual(['ERR_QUEUE_FULL']);
        gate.open();
        expect(await fates([victim, ...behind])).toEqual(['ERR_WORKER_CRASHED', 1, 2]);
        await balancer.close();
      });
      expect(new Set(caught.map(String))).toEqual(
        new Set(['Error: from workerStart', 'Error: from workerEnd', 'Error: from drain']),
      );
    }));

  it('onProgress that throws stops nothing', () =>
    withSmallBalancer({}, async (balancer) => {
      const seen: unknown[] = [];
      const caught = await uncaughtDuring(async () => {
        const onProgress = (value: unknown) => {
          seen.push(value);
          throw new Error(`from progress ${value}`);
        };
        expect(await balancer.submit(faults.progress, [[1, 2, 3]], { onProgress })).toBe('done');
        expect(await balancer.submit(faults.echo, ['next'])).toBe('next');
      });
      expect(seen).toEqual([1, 2, 3]);
      expect(caught.map(String)).toEqual([1, 2, 3].map((i) => `Error: from progress ${i}`));
    }));

  it('a listener of workerEnd sees a Balancer that works', () =>
    withSmallBalancer({}, async (balancer) => {
      const next = new Promise((resolve) => {
        balancer.once('workerEnd', () => resolve(balancer.submit(faults.echo, ['next'])));
      });
      const end = once(balancer, 'workerEnd');
      expect(await fates([balancer.submit(faults.crash, ['exit']), next])).toEqual([
        'ERR_WORKER_CRASHED',
        'next',
      ]);
      expect((await end)[0]).toEqual({ id: 1, exitCode: 7, cause: undefined, expected: false });
    }));
});
