// A main thread that was held up sees that a time is over before it sees what its threads have done in time.

import { readFileSync } from 'node:fs';
import { Balancer } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { next } from '../support/events.js';
import { fates } from '../support/fates.js';
import { Gate, wait } from '../support/gate.js';
import { holdUp } from '../support/hold-up.js';
import { scratch } from '../support/scratch.js';

const folder = scratch('busy-main-thread-');

/** Enough for a thread to end, also where it is not run for a while; the main thread is held up for longer. */
const TIME_MS = 1_000;
const HELD_UP_MS = 1_300;

/** The task: tells that it runs, then ends its thread. */
function come(shared: SharedArrayBuffer): never {
  const words = new Int32Array(shared);
  Atomics.add(words, 0, 1);
  Atomics.notify(words, 0);
  process.exit(7);
}

describe('a thread that has ended within the time of its request', () => {
  it('has crashed, and has not timed out', async () => {
    const balancer = new Balancer({ workers: 1, timeout: TIME_MS });
    await balancer.workersReady();
    const gate = new Gate();
    const crashes = balancer.submit(come, [gate.shared]);
    crashes.catch(() => {});
    await gate.reached();
    await holdUp(HELD_UP_MS);
    await expect(crashes).rejects.toMatchObject({ code: 'ERR_WORKER_CRASHED', exitCode: 7 });
    await balancer.close();
  });

  it('has the request run again', async () => {
    const balancer = new Balancer({ workers: 1, timeout: TIME_MS, retries: 1 });
    await balancer.workersReady();
    const gate = new Gate();
    const request = balancer.submit(
      (shared: SharedArrayBuffer) => {
        const words = new Int32Array(shared);
        if (Atomics.add(words, 0, 1) > 0) return 'again';
        Atomics.notify(words, 0);
        process.exit(7);
      },
      [gate.shared],
    );
    await gate.reached();
    await holdUp(HELD_UP_MS);
    expect(await request).toBe('again');
    await balancer.close();
  });

  it('has one item of a map fail, for that reason', async () => {
    const balancer = new Balancer({ workers: 1 });
    await balancer.workersReady();
    const gate = new Gate();
    const crash = (item: SharedArrayBuffer | number) => {
      if (typeof item === 'number') return item;
      const words = new Int32Array(item);
      Atomics.add(words, 0, 1);
      Atomics.notify(words, 0);
      process.exit(7);
    };
    const outcomes: string[] = [];
    const items = [1, gate.shared, 3];
    const done = (async () => {
      for await (const each of balancer.mapSettled(items, crash, { submit: { timeout: TIME_MS } }))
        outcomes.push(each.status === 'fulfilled' ? each.status : (each.reason as { code: string }).code);
    })();
    await gate.reached();
    await holdUp(HELD_UP_MS);
    await done;
    expect(outcomes).toEqual(['fulfilled', 'ERR_WORKER_CRASHED', 'fulfilled']);
    await balancer.close();
  });
});

describe('a thread that has passed its start-up check in time', () => {
  it('is kept', async () => {
    const flag = new Gate();
    const balancer = new Balancer({ workers: 1, heartbeat: 500 });
    const ran = balancer.broadcast(
      (shared: SharedArrayBuffer) => {
        const words = new Int32Array(shared);
        Atomics.add(words, 0, 1);
        Atomics.notify(words, 0);
        return Atomics.wait(words, 1, 0, 20);
      },
      [flag.shared],
    );
    await flag.reached();
    await ran;
    // The second thread runs it, too, before it gets requests.
    const grown = balancer.resize(2);
    while (flag.arrived < 2) await holdUp(0);
    await holdUp(1_300);
    await grown;
    expect(balancer.stats().threads).toMatchObject({ started: 2, ended: 0 });
    await balancer.close();
  });
});

describe('a thread that tears down its modules', () => {
  it('has the time for that', async () => {
    const file = `${folder}/long`;
    const url = new URL(`../fixtures/workers/teardown.mjs?how=long&file=${file}`, import.meta.url);
    const balancer = new Balancer({ workers: 1, preload: [url] });
    await balancer.workersReady();
    const closed = balancer.close();
    await holdUp(2_200);
    await closed;
    expect(readFileSync(file, 'utf8')).toBe('begin long\nend long\n');
  });
});

describe('a thread that is ended', () => {
  it('has ended within the second that it has for that, though this is seen later', async () => {
    const balancer = new Balancer({ workers: 1, grace: 0 });
    await balancer.workersReady();
    const gate = new Gate();
    const late = fates([balancer.submit(wait, [gate.shared], { timeout: 50 })]);
    await gate.reached();
    const end = next(balancer, 'workerEnd');
    expect(await late).toEqual(['ERR_TASK_TIMEOUT']);
    await holdUp(0);
    await holdUp(2_200);
    expect(await end).toMatchObject({ exitCode: 1 });
    await balancer.close();
  });
});

describe('close() without a timeout', () => {
  it('finishes what it can while this thread is held up again and again', async () => {
    const balancer = new Balancer({ workers: 1, window: 1, heartbeat: 200 });
    await balancer.workersReady();
    const requests = [1, 2, 3, 4, 5].map((value) => balancer.submit((n: number) => n, [value]));
    const fate = fates(requests);
    const closed = balancer.close();
    for (let i = 0; i < 4; i++) await holdUp(500);
    expect(await fate).toEqual([1, 2, 3, 4, 5]);
    await closed;
  });

  it('with a timeout: what has ended in time has its result, and what has crashed its error', async () => {
    const balancer = new Balancer({ workers: 2, window: 1 });
    await balancer.workersReady();
    const gate = new Gate();
    const fate = fates([balancer.submit((n: number) => n, [1]), balancer.submit(come, [gate.shared])]);
    await gate.reached();
    const closed = balancer.close({ timeout: TIME_MS });
    await holdUp(HELD_UP_MS);
    await closed;
    expect(await fate).toEqual([1, 'ERR_WORKER_CRASHED']);
  });
});
