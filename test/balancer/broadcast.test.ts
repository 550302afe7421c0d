import { Balancer, type BroadcastOutcome, tasks } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withBalancer } from '../support/balancer.js';
import { next, several } from '../support/events.js';
import { Gate, wait } from '../support/gate.js';

const { configure, configured, runsOfConfigure, fail } = tasks<
  typeof import('../fixtures/workers/tasks.mjs')
>(new URL('../fixtures/workers/tasks.mjs', import.meta.url));

/** What each worker has been configured with, asked without being kept for later ones. */
async function seen(balancer: Balancer): Promise<unknown[]> {
  const outcomes = await balancer.broadcast(configured, [], { later: false });
  return outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : outcome.reason));
}

const statuses = (outcomes: readonly BroadcastOutcome<unknown>[]) => outcomes.map(({ status }) => status);

/** Crashes one worker, and waits until its successor is ready. */
async function crashOne(balancer: Balancer): Promise<void> {
  const back = several(balancer, 'workerStart', 1);
  await expect(balancer.submit(() => process.exit(1))).rejects.toMatchObject({ code: 'ERR_WORKER_CRASHED' });
  await back;
}

describe('broadcast', () => {
  it('runs on every worker, those that are starting included', () =>
    withBalancer({ workers: 3 }, async (balancer) => {
      const outcomes = await balancer.broadcast(configure, ['first']);
      const { workers } = balancer.stats();
      expect(outcomes).toEqual(
        workers.map(({ id, slot }) => ({ worker: id, slot, status: 'fulfilled', value: 1 })),
      );
      expect(statuses(await balancer.broadcast(configure, ['second']))).toEqual(Array(3).fill('fulfilled'));
      expect(await seen(balancer)).toEqual(['second', 'second', 'second']);
    }));

  it('takes an error that is the cause of its own cause', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      const error: Error = new Error('outer');
      error.cause = new Error('inner', { cause: error });
      const isCircle = (given: Error) => (given.cause as Error).cause === given;
      expect(await balancer.broadcast(isCircle, [error])).toMatchObject([{ value: true }]);
      await crashOne(balancer);
      expect((error.cause as Error).cause).toBe(error);
    }));

  it('runs on workers that come later, the last of each task alone, before they get requests', () =>
    withBalancer({ workers: 2 }, async (balancer) => {
      await balancer.broadcast(configure, ['old']);
      await balancer.broadcast(configure, ['new']);
      await crashOne(balancer);
      await balancer.reload();
      await balancer.add();
      expect(await seen(balancer)).toEqual(['new', 'new', 'new']);
      const runs = await balancer.broadcast(runsOfConfigure, [], { later: false });
      expect(runs.map((outcome) => outcome.status === 'fulfilled' && outcome.value)).toEqual([1, 1, 1]);
    }));

  it('comes before requests that wait for a worker', () =>
    withBalancer({ workers: { min: 0, max: 1 } }, async (balancer) => {
      expect(await balancer.broadcast(configure, ['kept'])).toEqual([]);
      expect(await balancer.submit(configured)).toBe('kept');
    }));

  it('comes before the start-up check', () =>
    withBalancer({ workers: 1, check: configured, inline: true }, async (balancer) => {
      await balancer.broadcast(configure, ['checked']);
      await balancer.reload();
      expect(await seen(balancer)).toEqual(['checked']);
    }));

  it('is replaced by one of the same name, whatever the task', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      const set = (value: number) => Object.assign(globalThis, { config: [value] }).config;
      await balancer.broadcast(() => Object.assign(globalThis, { config: [1], old: true }), [], {
        name: 'config',
      });
      await balancer.broadcast(set, [2], { name: 'config' });
      await balancer.reload();
      const read = () => {
        const { config, old } = globalThis as { config?: number[]; old?: boolean };
        return [config, old];
      };
      expect(await balancer.submit(read)).toEqual([[2], undefined]);
      await balancer.broadcast(set, [3], { name: 'config', later: false });
      expect(await balancer.submit(read)).toEqual([[3], undefined]);
      await balancer.reload();
      expect(await balancer.submit(read)).toEqual([undefined, undefined]);
    }));

  it('copies its arguments at once', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      const config = { level: 1, bytes: Buffer.from('ab') };
      const done = balancer.broadcast(configure, [config]);
      config.level = 2;
      await done;
      expect(await seen(balancer)).toEqual([{ level: 1, bytes: Buffer.from('ab') }]);
      await balancer.reload();
      expect(await seen(balancer)).toEqual([{ level: 1, bytes: Buffer.from('ab') }]);
    }));

  it('runs on a busy worker after what that has been sent, ahead of the queue, and beyond maxQueue', () =>
    withBalancer({ workers: 1, window: 1, maxQueue: 1 }, async (balancer) => {
      const gate = new Gate();
      const held = balancer.submit(wait, [gate.shared]);
      await gate.reached();
      const queued = balancer.submit(configured);
      await expect(balancer.submit(configured)).rejects.toMatchObject({ code: 'ERR_QUEUE_FULL' });
      const done = balancer.broadcast(configure, ['ahead']);
      gate.open();
      expect(statuses(await done)).toEqual(['fulfilled']);
      expect(await queued).toBe('ahead');
      await held;
    }));

  it('tells of each worker on which it fails, and these go on', () =>
    withBalancer({ workers: 2 }, async (balancer) => {
      await balancer.workersReady();
      const odd = (slots: number[]) => {
        const { slot } = (globalThis as never)[Symbol.for('leastwork.worker')] as { slot: number };
        if (slots.includes(slot)) throw new RangeError(`not in ${slot}`);
        return slot;
      };
      const outcomes = await balancer.broadcast(odd, [[1]], { later: false });
      const bySlot = outcomes.sort((a, b) => a.slot - b.slot);
      expect(bySlot).toMatchObject([
        { slot: 0, status: 'fulfilled', value: 0 },
        { slot: 1, status: 'rejected', reason: { name: 'RangeError', message: 'not in 1' } },
      ]);
      expect(balancer.stats().workers.map(({ state }) => state)).toEqual(['ready', 'ready']);
    }));

  it.each([
    ['throws', {}],
    ['throws, with a check after it', { check: runsOfConfigure }],
  ])('on threads that are starting: they go on if it %s', (_, options) =>
    withBalancer({ workers: 2, ...options }, async (balancer) => {
      const starting = balancer.stats().workers.map(({ id, state }) => [id, state]);
      expect(starting.map(([, state]) => state)).toEqual(['starting', 'starting']);
      const failed = balancer.broadcast(fail, ['on purpose']);
      const later = balancer.broadcast(configure, ['after it']);
      expect(await failed).toMatchObject(
        starting.map(([worker]) => ({ worker, status: 'rejected', reason: { message: 'on purpose' } })),
      );
      expect(statuses(await later)).toEqual(['fulfilled', 'fulfilled']);
      await balancer.workersReady();
      expect(balancer.stats().threads).toMatchObject({ started: 2, ended: 0 });
      expect(balancer.stats().workers.map(({ id }) => [id, 'starting'])).toEqual(starting);
    }),
  );

  it('on threads that are starting: may last as long as on ready ones, whatever the heartbeat', () =>
    withBalancer({ workers: 1, heartbeat: 500 }, async (balancer) => {
      const lasting = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms, 'lasted'));
      const outcomes = await balancer.broadcast(lasting, [1_500]);
      expect(outcomes).toMatchObject([{ status: 'fulfilled', value: 'lasted' }]);
    }));

  it('has a crash of the thread as an outcome, and runs on the successor', () =>
    withBalancer({ workers: 2 }, async (balancer) => {
      await balancer.workersReady();
      const counted = new Int32Array(new SharedArrayBuffer(4));
      const dieOnce = (count: Int32Array) => {
        if (Atomics.add(count, 0, 1) === 0) process.exit(3);
      };
      const back = several(balancer, 'workerStart', 1);
      const outcomes = await balancer.broadcast(dieOnce, [counted]);
      expect(statuses(outcomes).sort()).toEqual(['fulfilled', 'rejected']);
      expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
        reason: { code: 'ERR_WORKER_CRASHED' },
      });
      await back;
      expect(counted[0]).toBe(3);
    }));

  it('has no outcome on a worker that ends before it has run there', () =>
    withBalancer({ workers: 2 }, async (balancer) => {
      await balancer.workersReady();
      const gate = new Gate();
      const dying = balancer.submit(
        (shared) => {
          const words = new Int32Array(shared);
          Atomics.add(words, 0, 1);
          Atomics.notify(words, 0);
          Atomics.wait(words, 1, 0);
          process.exit(1);
        },
        [gate.shared],
      );
      dying.catch(() => {});
      await gate.reached();
      const done = balancer.broadcast(configure, ['here']);
      const back = several(balancer, 'workerStart', 1);
      gate.open();
      expect(await done).toHaveLength(1);
      await back;
      expect(await seen(balancer)).toEqual(['here', 'here']);
    }));

  it('is not kept if it has failed everywhere, and what it has replaced is', () =>
    withBalancer({ workers: 2 }, async (balancer) => {
      await balancer.broadcast(configure, ['good'], { name: 'config' });
      const outcomes = await balancer.broadcast(fail, ['bad'], { name: 'config' });
      expect(statuses(outcomes)).toEqual(['rejected', 'rejected']);
      await crashOne(balancer);
      expect(await seen(balancer)).toEqual(['good', 'good']);
    }));

  it.each([
    ['kills each starting thread', () => process.exit(9), {}],
    ['takes too long on each', () => new Promise(() => {}), { timeout: 20 }],
  ])('is not kept either if it %s', (_, task, options) =>
    withBalancer({ workers: 2 }, async (balancer) => {
      const outcomes = await balancer.broadcast(task, [], options);
      expect(statuses(outcomes)).toEqual(['rejected', 'rejected']);
      const up = () => balancer.submit(() => 'up').catch(({ code }) => code);
      await expect.poll(up, { timeout: 10_000 }).toBe('up');
    }),
  );

  it('that fails on a later worker keeps that worker from getting requests', () =>
    withBalancer({ workers: { min: 0, max: 1 } }, async (balancer) => {
      await balancer.broadcast(fail, ['never']);
      await expect(balancer.submit(configured)).rejects.toMatchObject({
        code: 'ERR_NO_WORKER',
        message: expect.stringMatching(/the broadcast 'tasks\.mjs#fail' failed: never/),
      });
      await balancer.broadcast(fail, ['gone'], { later: false });
    }));

  it('that takes too long on a later worker does as well', () =>
    withBalancer({ workers: { min: 0, max: 1 } }, async (balancer) => {
      await balancer.broadcast(() => new Promise(() => {}), [], { timeout: 20 });
      await expect(balancer.submit(configured)).rejects.toMatchObject({
        code: 'ERR_NO_WORKER',
        message: expect.stringContaining('did not end within 20 ms'),
      });
    }));

  it('keeps to its timeout', () =>
    withBalancer({ workers: 1, grace: 0 }, async (balancer) => {
      await balancer.workersReady();
      const ended = next(balancer, 'workerEnd');
      const outcomes = await balancer.broadcast(() => new Promise(() => {}), [], { timeout: 20 });
      expect(outcomes).toMatchObject([{ status: 'rejected', reason: { code: 'ERR_TASK_TIMEOUT' } }]);
      await ended;
    }));

  it('ends when the Balancer is closed', async () => {
    const balancer = new Balancer({ workers: 1 });
    const early = balancer.broadcast(configure, ['x']);
    await balancer.close({ timeout: 0 });
    expect(await early).toEqual([]);
    await expect(balancer.broadcast(configure, ['x'])).rejects.toMatchObject({ code: 'ERR_BALANCER_CLOSED' });
  });

  it('refuses what cannot be one', () =>
    withBalancer({ workers: { min: 0, max: 1 } }, async (balancer) => {
      const wrong: [() => Promise<unknown>, string][] = [
        [() => balancer.broadcast('text' as never), 'ERR_NOT_A_FUNCTION'],
        [() => balancer.broadcast(configure, 'text' as never), 'ERR_INVALID_OPTION'],
        [() => balancer.broadcast(configure, [() => {}] as never), 'ERR_NOT_CLONEABLE'],
        [() => balancer.broadcast(configure, [new AbortController().signal] as never), 'ERR_NOT_CLONEABLE'],
        [() => balancer.broadcast(configure, ['x'], { nmae: 'x' } as never), 'ERR_INVALID_OPTION'],
        [() => balancer.broadcast(configure, ['x'], { timeout: 0 }), 'ERR_INVALID_OPTION'],
        [() => balancer.broadcast(function* () {} as never), 'ERR_NOT_A_FUNCTION'],
      ];
      for (const [call, code] of wrong) await expect(call()).rejects.toMatchObject({ code });
    }));
});
