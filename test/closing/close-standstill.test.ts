import { Balancer, tasks } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { fates } from '../support/fates.js';
import { Gate } from '../support/gate.js';

const url = new URL('../fixtures/faults/waits-at-load.mjs', import.meta.url);
const { run } = tasks<{ run: () => void }>(url);

describe('close() without a timeout', () => {
  it('gives up a module that does not finish loading, after the time of `heartbeat`', async () => {
    const balancer = new Balancer({ workers: 1, heartbeat: 100 });
    const requests = [balancer.submit(run), balancer.submit(() => 1)];
    requests[1]!.catch(() => {});
    const closed = balancer.close();
    await expect(requests[0]).rejects.toMatchObject({
      code: 'ERR_BALANCER_CLOSED',
      message: 'the Balancer was closed, while nothing had run for 100 ms, and this request had not started',
    });
    await closed;
  });

  it('gives up a preload that does not, and a policy that selects nobody', async () => {
    const never = { name: 'never', pins: false, select: () => undefined, add() {}, remove() {}, update() {} };
    for (const options of [{ preload: [url] }, { policy: never as never }]) {
      const balancer = new Balancer({ workers: 1, heartbeat: 100, ...options });
      const request = balancer.submit(() => 1);
      const closed = balancer.close();
      expect(await fates([request])).toEqual(['ERR_BALANCER_CLOSED']);
      await closed;
    }
  });

  it('waits for what runs, however long that takes', async () => {
    const balancer = new Balancer({ workers: 1, heartbeat: 50 });
    await balancer.workersReady();
    const gate = new Gate();
    const slow = balancer.submit(
      async (shared: SharedArrayBuffer) => {
        const words = new Int32Array(shared);
        Atomics.add(words, 0, 1);
        Atomics.notify(words, 0);
        while (Atomics.load(words, 1) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
        return 'done';
      },
      [gate.shared],
    );
    await gate.reached();
    const closed = balancer.close();
    // Several times as long as would be waited for a standstill.
    await new Promise((resolve) => setTimeout(resolve, 250));
    gate.open();
    expect(await slow).toBe('done');
    await closed;
  });

  it('does not give up where `timeout: Infinity` says so, until it is told otherwise', async () => {
    const balancer = new Balancer({ workers: 1, heartbeat: 20 });
    const request = balancer.submit(run);
    const closed = balancer.close({ timeout: Number.POSITIVE_INFINITY });
    let isOver = false;
    void closed.then(() => {
      isOver = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(isOver).toBe(false);
    const ended = balancer.close({ timeout: 0 });
    expect(await fates([request])).toEqual(['ERR_BALANCER_CLOSED']);
    await Promise.all([closed, ended]);
  });
});
