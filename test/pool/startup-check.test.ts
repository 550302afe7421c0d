import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withBalancer } from '../support/balancer.js';
import { next } from '../support/events.js';
import { Gate, wait, waitLater } from '../support/gate.js';
import { allReady } from '../support/readiness.js';
import { until } from '../support/until.js';

let folder: string;
let flag: string;
let env: NodeJS.ProcessEnv;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'leastwork-check-'));
  flag = join(folder, 'fit');
  env = { ...process.env, LEASTWORK_FLAG: flag };
});
afterEach(() => rmSync(folder, { recursive: true }));

const setFit = (isFit: boolean): void => (isFit ? writeFileSync(flag, '') : rmSync(flag));

/** Passes while the flag is set. */
async function check(): Promise<void> {
  const { existsSync } = await import('node:fs');
  if (!existsSync(process.env.LEASTWORK_FLAG as string)) throw new Error('not fit for work');
}

/** Holds the first thread that comes while the flag is set, until it is not. */
async function holdOne(): Promise<void> {
  const { existsSync, mkdirSync } = await import('node:fs');
  const held = process.env.LEASTWORK_FLAG as string;
  if (!existsSync(held)) return;
  try {
    mkdirSync(`${held}.held`);
  } catch {
    return;
  }
  while (existsSync(held)) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe('a check', () => {
  it('is run by each fresh thread before any request, and is not one of them', () =>
    withBalancer(
      {
        workers: 3,
        check: () => {
          const state = globalThis as { checks?: number };
          state.checks = (state.checks ?? 0) + 1;
        },
      },
      async (balancer) => {
        const results = await Promise.all(
          Array.from({ length: 300 }, () =>
            balancer.submit(() => (globalThis as { checks?: number }).checks ?? 0),
          ),
        );
        expect(new Set(results)).toEqual(new Set([1]));
        const stats = balancer.stats();
        expect(stats).toMatchObject({ submitted: 300, completed: 300 });
        expect(stats.workers.reduce((sum, { completed }) => sum + completed, 0)).toBe(300);
      },
    ));

  it('that fails makes requests fail with its error, and starts are tried again until it passes', () =>
    withBalancer({ workers: 1, check, env }, async (balancer) => {
      await expect(balancer.submit(() => 1)).rejects.toMatchObject({ code: 'ERR_NO_WORKER' });
      const error = (await balancer.submit(() => 1).catch((reason: unknown) => reason)) as Error;
      expect(error.message).toMatch("the check 'check' failed: not fit for work");
      expect((error.cause as Error).cause).toMatchObject({ message: 'not fit for work' });
      const started = next(balancer, 'workerStart');
      setFit(true);
      await started;
      expect(await balancer.submit(() => 1)).toBe(1);
    }));

  it('that does not end within the heartbeat has failed', () =>
    withBalancer(
      {
        workers: 1,
        heartbeat: 80,
        check: () => {
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
        },
      },
      async (balancer) => {
        await expect(balancer.submit(() => 1)).rejects.toThrow("the check 'check' did not end within 80 ms");
      },
    ));

  it('that ends its thread has failed', () =>
    withBalancer({ workers: 1, check: () => process.exit(3) }, async (balancer) => {
      await expect(balancer.submit(() => 1)).rejects.toMatchObject({ code: 'ERR_NO_WORKER' });
    }));

  it('keeps the old worker at work as long as no fresh one has passed it', () => {
    setFit(true);
    return withBalancer({ workers: 1, check, env }, async (balancer) => {
      await allReady(balancer);
      setFit(false);
      await expect(balancer.reload()).rejects.toMatchObject({ code: 'ERR_NO_WORKER' });
      expect(await balancer.submit(() => 1)).toBe(1);
      expect(balancer.stats().workers.filter(({ state }) => state === 'ready')).toMatchObject([{ id: 1 }]);
    });
  });

  it('that fails leaves the set as it was before add()', () => {
    setFit(true);
    return withBalancer({ workers: 1, check, env }, async (balancer) => {
      await allReady(balancer);
      setFit(false);
      await expect(balancer.add()).rejects.toMatchObject({ code: 'ERR_NO_WORKER' });
      setFit(true);
      for (;;) {
        // Not at once: the failure was one of starts, which are slowed down by it.
        const id = await balancer.add().catch(() => undefined);
        if (id !== undefined) break;
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(balancer.stats().workers).toHaveLength(2);
    });
  });

  it('that takes long is waited for by reload(): the thread is not replaced before it is there', () =>
    withBalancer({ workers: 1, check: holdOne, env }, async (balancer) => {
      await allReady(balancer);
      setFit(true);
      const adding = balancer.add();
      await until(() => existsSync(`${flag}.held`));
      const replaced = next(balancer, 'workerEnd');
      const reloading = balancer.reload();
      await replaced;
      // As long as it takes to start one.
      await balancer.add();
      setFit(false);
      expect(await adding).toBe(2);
      await reloading;
      await until(() => balancer.stats().workers.length === 3);
    }));

  it('stands between an ejected worker and its successor', () => {
    setFit(true);
    return withBalancer({ workers: 2, check, env, heartbeat: 1_000 }, async (balancer) => {
      await allReady(balancer);
      const session = balancer.session();
      const trap = new Gate();
      await session.submit(waitLater, [trap.shared]);
      const broken = session.workerId as number;
      session.close();
      await trap.reached(1);
      setFit(false);
      const gate = new Gate();
      const ejected = next(balancer, 'workerEjected');
      const failed = next(balancer, 'workerEnd');
      const busy = balancer.submit(wait, [gate.shared, 1]);
      await gate.reached(1);
      expect(await ejected).toEqual({ id: broken, reason: 'silent' });
      await failed;
      const readmitted = next(balancer, 'workerReadmitted');
      setFit(true);
      expect(await readmitted).toMatchObject({ replaces: broken });
      gate.open();
      expect(await busy).toBe(1);
    });
  });

  it('must be a task that can be sent', async () => {
    const captured = 1;
    await expect(() =>
      withBalancer({ workers: 1, check: () => captured }, async () => {}),
    ).rejects.toMatchObject({
      code: 'ERR_CAPTURED_VARIABLE',
    });
  });

  it('is shown in stats while it runs', () =>
    withBalancer({ workers: 1, check: holdOne, env, heartbeat: false }, async (balancer) => {
      setFit(true);
      const started = next(balancer, 'workerStart');
      await until(() => balancer.stats().workers[0]?.state === 'checking');
      setFit(false);
      await started;
      expect(balancer.stats().workers[0]?.state).toBe('ready');
    }));
});
