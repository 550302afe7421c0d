import type { Balancer } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { ready } from '../support/readiness.js';
import { until } from '../support/until.js';

const resourceLimits = { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 };
const huge = Array.from({ length: 3_000_000 }, (_, i) => i + 0.5);

/** What is behind it in the port can only be read after it. */
const byMessage = new Set(['small']);

/** Submits something that is aborted once a worker has it. */
async function submitAndAbort(balancer: Balancer, value: unknown): Promise<void> {
  const abort = new AbortController();
  const pending = balancer.stats().pending;
  const aborted = balancer.submit(faults.echo, [value], { signal: abort.signal });
  await until(() => balancer.stats().pending === pending + 1);
  abort.abort(new Error('enough'));
  await expect(aborted).rejects.toThrow('enough');
}

describe('arguments that are more than the memory of a thread holds', () => {
  it('do not hurt a request that awaits something when they arrive', () =>
    withSmallBalancer({ resourceLimits }, async (balancer) => {
      const gate = new Gate();
      const running = balancer.submit(faults.turning, [gate.words, 'unhurt']);
      await gate.reached();
      const small = balancer.submit(faults.echo, ['x'.repeat(1000)]);
      const victim = balancer.submit(faults.echo, [huge]);
      const behind = balancer.submit(faults.echo, [byMessage]);
      await until(() => balancer.stats().pending === 3);
      const before = gate.count;
      await until(() => gate.count > before + 100);
      gate.open();
      expect(await fates([running, small, victim, behind])).toEqual([
        'unhurt',
        'x'.repeat(1000),
        'ERR_WORKER_CRASHED',
        byMessage,
      ]);
      await expect(victim).rejects.toMatchObject({
        message: expect.stringContaining('while they read its arguments'),
        cause: { code: 'ERR_WORKER_OUT_OF_MEMORY' },
      });
      expect(balancer.stats()).toMatchObject({ failed: 1, completed: 4, retried: 0 });
    }));

  it('that were taken back do not hurt the request that comes after them', () =>
    withSmallBalancer({ resourceLimits }, async (balancer) => {
      const gate = new Gate();
      const ends: unknown[] = [];
      balancer.on('workerEnd', ({ cause }) => ends.push(cause));
      const running = balancer.submit(faults.blocked, [gate.words, 1]);
      await gate.reached();
      await submitAndAbort(balancer, huge);
      const behind = balancer.submit(faults.echo, [byMessage]);
      gate.open();
      expect(await fates([running, behind])).toEqual([1, byMessage]);
      expect(ends).toMatchObject([{ code: 'ERR_WORKER_OUT_OF_MEMORY' }]);
      expect(balancer.stats()).toMatchObject({ failed: 0, completed: 2, retried: 0 });
    }));

  it('that were taken back do not hurt a request that awaits something', () =>
    withSmallBalancer({ resourceLimits }, async (balancer) => {
      const gate = new Gate();
      const running = balancer.submit(faults.turning, [gate.words, 'unhurt']);
      await gate.reached();
      await submitAndAbort(balancer, huge);
      const before = gate.count;
      await until(() => gate.count > before + 100);
      gate.open();
      expect(await running).toBe('unhurt');
    }));
});

describe('arguments that were taken back from a busy thread', () => {
  /** Runs something that awaits, and aborts a megabyte of arguments behind it. */
  async function fill(balancer: Balancer): Promise<{ running: Promise<unknown>; gate: Gate }> {
    await ready(balancer, 1);
    const gate = new Gate();
    const running = balancer.submit(faults.turning, [gate.words, 1]);
    await gate.reached();
    for (let i = 0; i < 10; i++) await submitAndAbort(balancer, new Uint16Array(50_000).fill(i));
    return { running, gate };
  }

  it('fill no more than its window', () =>
    withSmallBalancer({ windowBytes: 1_000_000, window: 64 }, async (balancer) => {
      const { running, gate } = await fill(balancer);
      const waiting = [1, 2].map((n) => balancer.submit(faults.echo, [{ map: new Map([[n, n]]) }]));
      await Promise.resolve();
      expect(balancer.stats()).toMatchObject({ pending: 1, queued: 2 });
      gate.open();
      expect(await Promise.all([running, ...waiting])).toEqual([
        1,
        ...[1, 2].map((n) => ({ map: new Map([[n, n]]) })),
      ]);
      // On the way to those the thread has read them away.
      const next = new Gate();
      const blocked = balancer.submit(faults.blocked, [next.words, 2]);
      await next.reached();
      const more = balancer.submit(faults.echo, [3]);
      await until(() => balancer.stats().pending === 2);
      next.open();
      expect(await Promise.all([blocked, more])).toEqual([2, 3]);
    }));

  it('are gone when it idles', () =>
    withSmallBalancer({ windowBytes: 1_000_000, window: 64 }, async (balancer) => {
      const { running, gate } = await fill(balancer);
      gate.open();
      await running;
      // As soon as the window takes more than one again.
      for (let pending = 1; pending < 2; ) {
        const next = new Gate();
        const blocked = balancer.submit(faults.blocked, [next.words, 2]);
        await next.reached();
        const more = balancer.submit(faults.echo, [3]);
        await Promise.resolve();
        ({ pending } = balancer.stats());
        next.open();
        expect(await Promise.all([blocked, more])).toEqual([2, 3]);
      }
    }));
});
