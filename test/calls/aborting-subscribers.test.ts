/** Subscribers that are told of the end of a request, in the middle of our own work, and abort signals. */
import { tracingChannel } from 'node:diagnostics_channel';
import { Balancer, type BalancerOptions, type WorkerView } from 'leastwork';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Gate, wait } from '../support/gate.js';

const { start, asyncEnd } = tracingChannel('leastwork:request');
/** What is to happen when a request ends, by its id. */
const atEnd = new Map<number, () => void>();
let next: (() => void) | undefined;
const started = (message: unknown): void => {
  if (next !== undefined) atEnd.set((message as { id: number }).id, next);
  next = undefined;
};
const ended = (message: unknown): void => atEnd.get((message as { id: number }).id)?.();

beforeEach(() => {
  start.subscribe(started);
  asyncEnd.subscribe(ended);
});
afterEach(() => {
  start.unsubscribe(started);
  asyncEnd.unsubscribe(ended);
  atEnd.clear();
});

const REQUESTS = 10;
const same = (n: number) => n;

/** Requests, each with a signal that is aborted at its end, or at the end of the first one. */
function submitAborting(
  balancer: Balancer,
  whose: 'own' | 'all',
  options: { queueTimeout?: number; key?: string },
): Promise<unknown[]> {
  const controls = Array.from({ length: REQUESTS }, () => new AbortController());
  const requests = controls.map((control, i) => {
    next = () => {
      for (const each of whose === 'own' ? [control] : controls) each.abort('over');
    };
    return balancer.submit(same, [i], { ...options, signal: control.signal });
  });
  return Promise.all(requests.map((request) => request.catch((error) => error?.code ?? error)));
}

/** Occupies its only worker, then does what makes all requests end that wait; and goes on. */
async function whileWaiting(
  options: BalancerOptions,
  act: (balancer: Balancer, gate: Gate) => Promise<unknown>,
): Promise<void> {
  const balancer = new Balancer({ workers: 1, window: 2, ...options });
  const gate = new Gate();
  const first = balancer.submit(wait, [gate.shared, 0]);
  await gate.reached(1);
  await act(balancer, gate);
  gate.open();
  await first;
  expect(balancer.stats()).toMatchObject({ queued: 0, waiting: 0, pending: 0, running: 0 });
  if (balancer.stats().workers.length === 0) await balancer.resize(1);
  // Counts that had gone wrong would hide some of so many.
  const more = Array.from({ length: 3 * REQUESTS }, (_, i) => balancer.submit(same, [i]));
  expect(await Promise.all(more)).toEqual([...Array(3 * REQUESTS).keys()]);
  await balancer.close();
}

describe.each(['own', 'all'] as const)('a subscriber that aborts at the end of a request: %s', (whose) => {
  it('whose queue time is over', () =>
    whileWaiting({}, async (balancer) => {
      const ends = await submitAborting(balancer, whose, { queueTimeout: 30 });
      expect(ends[0]).toBe(whose === 'own' ? 'ERR_TASK_TIMEOUT' : ends[0]);
      for (const end of ends) expect(end).toMatch(/ERR_TASK_TIMEOUT|over/);
    }));

  it('that is refused, since its policy has failed', () => {
    const views = new Set<WorkerView>();
    const policy = {
      name: 'failing',
      pins: false,
      add: (view: WorkerView) => void views.add(view),
      remove: (view: WorkerView) => void views.delete(view),
      update: () => {},
      select: ({ key }: { key?: string | undefined }) => {
        if (key === 'bad') throw new Error('no');
        return [...views].find(({ available }) => available);
      },
    };
    return whileWaiting({ policy }, async (balancer) => {
      const ends = await submitAborting(balancer, whose, { key: 'bad' });
      for (const end of ends) expect(end).toMatch(/ERR_NO_WORKER|over/);
    });
  });

  it('that is refused, since no worker is left', () =>
    whileWaiting({ whenEmpty: 'fail' }, async (balancer, gate) => {
      const ends = submitAborting(balancer, whose, {});
      const removed = balancer.remove(1);
      for (const end of await ends) expect(end).toMatch(/ERR_NO_WORKER|over/);
      gate.open();
      await removed;
    }));

  it('that is rejected by close()', async () => {
    for (const policy of ['least-pending', 'hash'] as const) {
      const balancer = new Balancer({ workers: 1, window: 8, policy });
      const gate = new Gate();
      next = () => {};
      const first = balancer.submit(wait, [gate.shared, 0], { key: 'a' }).catch(({ code }) => code);
      await gate.reached(1);
      const ends = submitAborting(balancer, whose, { key: 'a' });
      await undefined;
      await balancer.close({ timeout: 0 });
      expect(await first).toBe('ERR_BALANCER_CLOSED');
      for (const end of await ends) expect(end).toMatch(/ERR_BALANCER_CLOSED|over/);
      const { submitted, outcomes } = balancer.stats();
      expect(Object.values(outcomes).reduce((sum, count) => sum + count, 0)).toBe(submitted);
    }
  });
});

it('a policy that aborts the request which it has just placed', () => {
  const views = new Set<WorkerView>();
  let onUpdate = (): void => {};
  const policy = {
    name: 'aborting',
    pins: false,
    add: (view: WorkerView) => void views.add(view),
    remove: (view: WorkerView) => void views.delete(view),
    update: () => onUpdate(),
    select: () => [...views].find(({ available }) => available),
  };
  return whileWaiting({ policy, window: 'auto' }, async (balancer, gate) => {
    // Of a task that has never run, so that it is taken back for a more urgent one.
    const unknown = balancer.submit((n: number) => n + 1, [1]);
    for (let i = 0; i < 3; i++) await undefined;
    const control = new AbortController();
    const urgent = balancer.submit(same, [2], { priority: 5, signal: control.signal });
    onUpdate = () => control.abort('by the policy');
    await expect(urgent).rejects.toBe('by the policy');
    onUpdate = () => {};
    gate.open();
    expect(await unknown).toBe(2);
  });
});
