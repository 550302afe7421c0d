import type { Balancer, BalancerOptions, WorkerView } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withSmallBalancer } from '../support/balancer.js';
import { fates } from '../support/fates.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { until } from '../support/until.js';

/** Words of the threads' memory; see the fixture. */
const TORN_DOWN = 1;
const DOOMED = 2;
const UP = 3;

interface Scene {
  balancer: Balancer;
  gate: Gate;
  /** Of threads. */
  words: Int32Array;
  /** The worker's last two requests: the first one waits at the gate, the other one behind it. */
  requests: Promise<unknown>[];
}

/** One worker, which may run two requests and has got both, and its successor, which is up. */
function withReserve(
  test: (scene: Scene) => Promise<void>,
  { crashes = false, ...options }: BalancerOptions & { crashes?: boolean } = {},
): Promise<void> {
  const words = new Int32Array(new SharedArrayBuffer(16));
  const settings: BalancerOptions = {
    maxRequestsPerWorker: 2,
    workerData: words,
    preload: [new URL('../fixtures/workers/in-reserve.mjs', import.meta.url)],
    ...options,
  };
  return withSmallBalancer(settings, async (balancer) => {
    const gate = new Gate();
    const first = crashes
      ? balancer.submit(faults.crash, ['exit', gate.words])
      : balancer.submit(faults.blocked, [gate.words, 'first']);
    await gate.reached();
    first.catch(() => {});
    const requests = [first, balancer.submit(faults.thread)];
    await until(() => Atomics.load(words, UP) === 2);
    // Its report has been sent by then, and is received.
    await turns();
    try {
      await test({ balancer, gate, words, requests });
    } finally {
      gate.open();
      await fates(requests);
    }
  });
}

/** Some turns of the event loop. */
async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** A `ms` of work. @returns its thread */
async function use(ms: number): Promise<number> {
  const { threadId } = await import('node:worker_threads');
  const end = performance.now() + ms;
  while (performance.now() < end);
  return threadId;
}

const ids = (balancer: Balancer) => balancer.stats().workers.map(({ id }) => id);

describe('a fresh worker in reserve', () => {
  it('gets nothing while the other one has requests to run, and is the next one then', () =>
    withReserve(async ({ balancer, gate, requests }) => {
      const third = balancer.submit(faults.thread);
      await turns();
      expect(balancer.stats().workers).toMatchObject([
        { id: 1, state: 'ready' },
        { id: 2, state: 'starting' },
      ]);
      expect(balancer.stats()).toMatchObject({ completed: 0, running: 1 });
      gate.open();
      const [, second] = await Promise.all(requests);
      expect(await third).not.toBe(second);
      // The next one may have been started by now: the second one has one request left to run.
      await until(() => !ids(balancer).includes(1));
      expect(ids(balancer)[0]).toBe(2);
    }));

  it('runs the check before', () =>
    withReserve(
      async ({ balancer, gate, requests }) => {
        await until(() => balancer.stats().workers[1]?.state === 'checking');
        expect(ids(balancer)).toEqual([1, 2]);
        gate.open();
        expect(await balancer.submit(faults.thread)).not.toBe((await Promise.all(requests))[1]);
      },
      { check: () => {} },
    ));

  it('no thread runs fewer requests than it may, however early its successor is up', () =>
    withSmallBalancer({ maxRequestsPerWorker: 40 }, async (balancer) => {
      const runs = new Map<number, number>();
      const threads = await Promise.all(Array.from({ length: 200 }, () => balancer.submit(use, [2])));
      for (const thread of threads) runs.set(thread, (runs.get(thread) ?? 0) + 1);
      expect([...runs.values()]).toEqual([40, 40, 40, 40, 40]);
    }));

  it('takes the place when the other one dies', () =>
    withReserve(
      async ({ balancer, gate, requests }) => {
        gate.open();
        await until(() => !ids(balancer).includes(1));
        expect(ids(balancer)).toContain(2);
        expect(await fates(requests)).toMatchObject(['ERR_WORKER_CRASHED', expect.any(Number)]);
      },
      { crashes: true },
    ));

  it('the other one goes on when its own thread dies', () =>
    withReserve(async ({ balancer, words, gate, requests }) => {
      Atomics.store(words, DOOMED, 2);
      await until(() => !ids(balancer).includes(2));
      gate.open();
      expect((await fates(requests))[0]).toBe('first');
      expect(await balancer.submit(faults.echo, [3])).toBe(3);
    }));

  it('reload replaces both', () =>
    withReserve(async ({ balancer, gate, requests }) => {
      const reload = balancer.reload();
      gate.open();
      await reload;
      expect(ids(balancer)).toEqual([3]);
      expect(await fates(requests)).toMatchObject(['first', expect.any(Number)]);
    }));

  it('a broadcast reaches it at once', () =>
    withReserve(async ({ balancer }) => {
      expect(await balancer.broadcast(faults.echo, [1])).toMatchObject([{ worker: 2, value: 1 }]);
    }));

  it('ends in peace: the teardown of its modules runs', () =>
    withReserve(async ({ balancer, words, gate }) => {
      const closing = balancer.close();
      gate.open();
      await closing;
      expect(Atomics.load(words, TORN_DOWN)).toBe(2);
    }));

  it('is not left alone by the removal of the only worker', () =>
    withReserve(async ({ balancer }) => {
      await expect(balancer.remove(1)).rejects.toMatchObject({ code: 'ERR_NO_WORKER' });
      expect(balancer.stats().workers).toMatchObject([
        { id: 1, state: 'ready' },
        { id: 2, state: 'starting' },
      ]);
    }));

  it('the worker that is larger than it may be leaves at once', () =>
    withSmallBalancer(
      { maxRequestsPerWorker: 1000, maxHeapPerWorker: 40, resourceLimits: { maxOldGenerationSizeMb: 256 } },
      async (balancer) => {
        const first = await balancer.submit(faults.thread);
        await balancer.submit(faults.leak, [64]);
        while ((await balancer.submit(faults.thread)) === first);
      },
    ));
});

it('takes its place once, where the policy changes the set when it is told of that', async () => {
  const views = new Set<WorkerView>();
  let onRemove: (() => void) | undefined;
  const policy = {
    name: 'resizing',
    pins: false,
    add: (view: WorkerView) => void views.add(view),
    remove: (view: WorkerView) => {
      views.delete(view);
      onRemove?.();
    },
    update: () => {},
    select: () => [...views].find(({ available }) => available),
  };
  await withReserve(
    async ({ balancer, gate, requests }) => {
      let inside: Promise<void> | undefined;
      onRemove = () => {
        onRemove = undefined;
        inside = balancer.resize(1);
      };
      const outside = balancer.resize(1);
      expect(inside).toBeDefined();
      expect(balancer.stats().workers.map(({ id, state }) => `${id} ${state}`)).toEqual([
        '1 draining',
        '2 ready',
      ]);
      gate.open();
      await Promise.all([inside, outside, ...requests]);
    },
    { policy },
  );
});
