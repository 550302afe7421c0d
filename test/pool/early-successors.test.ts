import type { BalancerOptions } from 'leastwork';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Balancer } from '../../dist/src/balancer.js';
import { Dispatcher } from '../../dist/src/dispatch/dispatcher.js';
import { EarlySuccessors } from '../../dist/src/pool/early-successors.js';
import type { Worker } from '../../dist/src/worker/worker.js';
import { fates } from '../support/fates.js';
import { faults } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { until } from '../support/until.js';

/** Words of the threads' memory; see the fixture in-reserve.mjs. */
const TORN_DOWN = 1;
const UP = 3;
const HOUR = 3_600_000;

interface Scene {
  balancer: Balancer;
  /** Holds the worker's request, which has been aborted. */
  gate: Gate;
}

/** One worker, whose request has been aborted and goes on. */
async function withLate(options: BalancerOptions, test: (scene: Scene) => Promise<void>): Promise<void> {
  const balancer = new Balancer({ workers: 1, ...options });
  const gate = new Gate();
  const stop = new AbortController();
  const late = balancer.submit(faults.blocked, [gate.words, 'late'], { signal: stop.signal });
  try {
    await gate.reached();
    stop.abort();
    await expect(late).rejects.toMatchObject({ name: 'AbortError' });
    await test({ balancer, gate });
    await balancer.close();
  } finally {
    gate.open();
    await balancer.close({ timeout: 0 });
  }
  expect(balancer.stats()).toMatchObject({ queued: 0, running: 0, pending: 0, workers: [] });
}

/** How many threads had been started when the first one had ended. */
const startedByThen = (balancer: Balancer) =>
  new Promise<number>((resolve) => {
    balancer.once('workerEnd', () => resolve(balancer.stats().threads.started));
  });

/** The time of a stopped request passes when the test says so. Resolves when the request has been stopped. */
function byHand() {
  const added = vi.spyOn(Dispatcher.prototype, 'add');
  return new Promise<{ prepare(): void; decided(): void }>((resolve) => {
    vi.spyOn(EarlySuccessors.prototype, 'lead', 'get').mockImplementation(function (this: EarlySuccessors) {
      const worker = added.mock.calls[0]?.[0] as Worker;
      resolve({ prepare: () => this.prepare(worker), decided: () => this.decided(worker) });
      return 0;
    });
  });
}

afterEach(() => vi.restoreAllMocks());

describe('the successor of a thread that has to be ended', () => {
  it('is started before, where requests wait', () =>
    withLate({}, async ({ balancer }) => {
      const started = startedByThen(balancer);
      expect(await balancer.submit(faults.echo, [1])).toBe(1);
      expect(await started).toBe(2);
      expect(balancer.stats().threads).toEqual({ started: 2, ended: 1, crashed: 0 });
    }));

  it('is started after it, where none waits', () =>
    withLate({}, async ({ balancer }) => {
      expect(await startedByThen(balancer)).toBe(1);
      expect(await balancer.submit(faults.echo, [1])).toBe(1);
    }));

  it('gets nothing before, and is given up with all others', async () => {
    const time = byHand();
    await withLate({ grace: HOUR }, async ({ balancer }) => {
      const waiting = fates([balancer.submit(faults.echo, [1])]);
      (await time).prepare();
      await until(() => balancer.stats().workers.length === 2);
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(balancer.stats()).toMatchObject({
        workers: [{ id: 1, state: 'ready' }, { id: 2 }],
        completed: 0,
        queued: 1,
      });
      await balancer.close({ timeout: 0 });
      expect(await waiting).toEqual(['ERR_BALANCER_CLOSED']);
      expect(balancer.stats().threads).toMatchObject({ started: 2, ended: 2 });
    });
  });

  it.each([
    ['comes up', false],
    ['is up, with its modules torn down', true],
  ])('is given up if the request has ended in time, where it %s', async (_, isUp) => {
    const time = byHand();
    const words = new Int32Array(new SharedArrayBuffer(16));
    const preload = [new URL('../fixtures/workers/in-reserve.mjs', import.meta.url)];
    await withLate({ grace: HOUR, preload, workerData: words }, async ({ balancer, gate }) => {
      const waiting = [0, 1, 2].map((i) => balancer.submit(faults.echo, [i]));
      const { prepare, decided } = await time;
      prepare();
      if (isUp) {
        await until(() => Atomics.load(words, UP) === 2);
        // Its report has been sent by then, and is received.
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      expect(balancer.stats().workers).toMatchObject([{ id: 1, state: 'ready' }, { id: 2 }]);
      gate.open();
      expect(await Promise.all(waiting)).toEqual([0, 1, 2]);
      decided();
      await until(() => balancer.stats().workers.length === 1);
      expect(balancer.stats()).toMatchObject({
        workers: [{ id: 1, state: 'ready' }],
        threads: { started: 2, ended: 1, crashed: 0 },
      });
      if (isUp) expect(Atomics.load(words, TORN_DOWN)).toBe(1);
      expect(await balancer.submit(faults.echo, [5])).toBe(5);
      await balancer.reload();
      expect(balancer.stats()).toMatchObject({ workers: [{ id: 3 }], threads: { started: 3, ended: 2 } });
    });
  });

  it('takes the place all the same where the set has been changed meanwhile', async () => {
    const time = byHand();
    await withLate({ grace: HOUR }, async ({ balancer, gate }) => {
      const waiting = balancer.submit(faults.echo, [1]);
      const { prepare, decided } = await time;
      prepare();
      const resized = balancer.resize(1);
      gate.open();
      decided();
      await resized;
      expect(await waiting).toBe(1);
      await until(() => balancer.stats().workers.length === 1);
      expect(balancer.stats()).toMatchObject({ workers: [{ id: 2 }], threads: { started: 2, ended: 1 } });
    });
  });

  it('is followed by another one if it fails to start', () =>
    withLate(
      {
        preload: [new URL('../fixtures/workers/second-fails.mjs', import.meta.url)],
        workerData: new Int32Array(new SharedArrayBuffer(4)),
      },
      async ({ balancer }) => {
        expect(await balancer.submit(faults.echo, [1])).toBe(1);
        expect(balancer.stats()).toMatchObject({ workers: [{ id: 3 }], threads: { started: 3, ended: 2 } });
      },
    ));

  it('gets its sessions, too', () =>
    withLate({}, async ({ balancer }) => {
      const session = balancer.session();
      const [first, other] = await Promise.all([
        session.submit(faults.thread),
        balancer.submit(faults.thread),
      ]);
      expect(first).toBe(other);
      expect(await session.submit(faults.thread)).toBe(first);
      expect(balancer.stats()).toMatchObject({ workers: [{ id: 2 }], threads: { started: 2, ended: 1 } });
      session.close();
    }));
});
