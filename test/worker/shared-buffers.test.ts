import { Balancer } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { Gate, wait } from '../support/gate.js';
import { watchMessages } from '../support/messages.js';
import { ready } from '../support/readiness.js';

/** A buffer that has been used before: from now on, threads know it by number. */
async function known(balancer: Balancer, bytes = 64): Promise<SharedArrayBuffer> {
  const buffer = new SharedArrayBuffer(bytes);
  new Uint8Array(buffer).forEach((_, i, all) => {
    all[i] = i;
  });
  await balancer.submit((b) => b.byteLength, [buffer]);
  return buffer;
}

const first = (view: Uint8Array) => view[0]!;

describe('shared buffers that threads know', () => {
  it('are unknown to a thread that takes the place of a dead one', async () => {
    await using balancer = new Balancer({ workers: 1 });
    const view = new Uint8Array(await known(balancer), 5, 1);
    expect(await balancer.submit(first, [view])).toBe(5);
    const crash = balancer.submit(() => process.exit(3));
    const after = [balancer.submit(first, [view]), balancer.submit(first, [view])];
    await expect(crash).rejects.toMatchObject({ code: 'ERR_WORKER_CRASHED' });
    expect(await Promise.all(after)).toEqual([5, 5]);
  });

  it('are made known to the worker that a request moves to', async () => {
    await using balancer = new Balancer({ workers: 2, window: 16, policy: 'round-robin' });
    // Else what waits for the second worker moves, too.
    await ready(balancer, 2);
    const buffer = await known(balancer);
    const [holding, passing] = [new Gate(), new Gate()];
    const sent = watchMessages();
    const blocked = [balancer.submit(wait, [holding.shared]), balancer.submit(wait, [passing.shared])];
    // Half of them go behind each, in the same turn: later, a worker that has run for long would get none.
    const views = [...Array(12).keys()].map((i) => balancer.submit(first, [new Uint8Array(buffer, i)]));
    await Promise.all([holding.reached(1), passing.reached(1)]);
    passing.open();
    const seen = await Promise.all(views);
    const { reclaimed } = balancer.stats();
    holding.open();
    await Promise.all(blocked);
    expect(seen).toEqual([...Array(12).keys()]);
    expect(reclaimed).toBeGreaterThan(0);
    // Once to each worker at most. (On a machine that is busy the one that is held may get none of them.)
    expect([1, 2]).toContain(sent('share', buffer));
  });

  it('are known to each Balancer for itself', async () => {
    await using one = new Balancer({ workers: 1 });
    await using two = new Balancer({ workers: 1 });
    const view = new Uint8Array(await known(one), 7, 1);
    for (let i = 0; i < 3; i++) {
      expect(await one.submit(first, [view])).toBe(7);
      expect(await two.submit(first, [view])).toBe(7);
    }
  });

  it('may be many in one window', async () => {
    await using balancer = new Balancer({ workers: 1, window: 2_048 });
    const gate = new Gate();
    const blocked = balancer.submit(wait, [gate.shared]);
    await gate.reached(1);
    const views = [...Array(700).keys()].map((i) => new Uint16Array(new SharedArrayBuffer(2)).fill(i));
    const sent = watchMessages();
    const rounds = [1, 2, 3].map(() => views.map((view) => balancer.submit((v) => v[0]!, [view])));
    await Promise.resolve();
    gate.open();
    for (const round of rounds) expect(await Promise.all(round)).toEqual([...Array(700).keys()]);
    expect([sent('arguments'), sent('share')]).toEqual([700, 700]);
    await blocked;
  });

  it('that take turns, more than a thread knows, are forgotten and made known again', async () => {
    await using balancer = new Balancer({ workers: 1 });
    const views = [...Array(300).keys()].map((i) => new Uint16Array(new SharedArrayBuffer(2)).fill(i));
    const sent = watchMessages();
    for (let round = 0; round < 4; round++) {
      for (const [i, view] of views.entries()) {
        expect(await balancer.submit((v) => v[0]!, [view])).toBe(i);
      }
    }
    expect(sent('unshare')).toBeGreaterThan(0);
    expect(sent('share')).toBeGreaterThan(300);
  });

  it('count nothing against the bytes of a window', async () => {
    await using balancer = new Balancer({ workers: 1, window: 8, windowBytes: 1_000 });
    const view = new Uint8Array(await known(balancer, 1_000_000), 3);
    const gate = new Gate();
    const blocked = balancer.submit(wait, [gate.shared]);
    const waiting = [1, 2, 3, 4].map(() => balancer.submit(first, [view]));
    await gate.reached(1);
    expect(balancer.stats().workers[0]!.pending).toBe(5);
    gate.open();
    expect(await Promise.all(waiting)).toEqual([3, 3, 3, 3]);
    await blocked;
  });
});
