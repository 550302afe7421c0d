import { setImmediate as turn } from 'node:timers/promises';
import type { Policy, RequestView, WorkerView } from 'leastwork';
import { Balancer } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { Gate, wait } from '../support/gate.js';
import { until } from '../support/until.js';

const echo = <T>(value: T) => value;

/** Has no worker for requests with a closed key. */
class Choosy implements Policy {
  readonly name = 'choosy';
  readonly pins = false;
  readonly workers = new Set<WorkerView>();
  readonly closed = new Set<string>();
  asked = 0;

  add(worker: WorkerView): void {
    this.workers.add(worker);
  }

  remove(worker: WorkerView): void {
    this.workers.delete(worker);
  }

  update(): void {}

  select({ key }: RequestView): WorkerView | undefined {
    this.asked++;
    if (key !== undefined && this.closed.has(key)) return undefined;
    return [...this.workers].find(({ available }) => available);
  }
}

describe('a request for which a policy has no worker', () => {
  it('holds up only itself, and runs when it is offered again', async () => {
    const policy = new Choosy();
    policy.closed.add('a');
    await using balancer = new Balancer({ workers: 2, policy });
    const held = balancer.submit(echo, ['held'], { key: 'a' });
    const others = await Promise.all([1, 2, 3].map((n) => balancer.submit(echo, [n])));
    expect(others).toEqual([1, 2, 3]);
    expect(balancer.stats().queued).toBe(1);
    policy.closed.clear();
    balancer.offer();
    expect(await held).toBe('held');
  });

  it('if there are many of them, a bounded number is offered at each pass, in order', async () => {
    const policy = new Choosy();
    policy.closed.add('a');
    await using balancer = new Balancer({ workers: 1, policy, window: 1 });
    await balancer.submit(echo, [0]);
    const order: number[] = [];
    const held = Array.from({ length: 2_000 }, (_, i) =>
      balancer.submit(echo, [i], { key: 'a' }).then((n) => order.push(n)),
    );
    expect(await balancer.submit(echo, ['behind'])).toBe('behind');
    // Until they have all been offered once since that was completed.
    let before: number;
    do {
      before = policy.asked;
      await turn();
      await turn();
    } while (policy.asked > before);
    await balancer.submit(echo, [1]);
    policy.asked = 0;
    void balancer.submit(echo, [1]);
    await undefined;
    await undefined;
    expect(policy.asked).toBeLessThan(50);
    policy.closed.clear();
    balancer.offer();
    await Promise.all(held);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  it('is taken back by an abort, and rejected by close', async () => {
    const policy = new Choosy();
    policy.closed.add('a');
    const balancer = new Balancer({ workers: 1, policy });
    const control = new AbortController();
    const aborted = balancer.submit(echo, [1], { key: 'a', signal: control.signal });
    const held = balancer.submit(echo, [2], { key: 'a' });
    const codes = [aborted, held].map((promise) => promise.catch((error) => error.code ?? error));
    await balancer.submit(echo, [3]);
    control.abort('enough');
    expect(await codes[0]).toBe('enough');
    expect(balancer.stats().queued).toBe(1);
    await balancer.close({ timeout: 0 });
    expect(await codes[1]).toBe('ERR_BALANCER_CLOSED');
    expect(balancer.stats().queued).toBe(0);
  });
});

describe('transferred arguments that find no place', () => {
  it('hold up only their own request, which is not overtaken for ever', async () => {
    await using balancer = new Balancer({ workers: 2, window: 8 });
    const gates = [new Gate(), new Gate()] as const;
    const blocked = gates.map((gate) => balancer.submit(wait, [gate.shared]));
    await Promise.all(gates.map((gate) => gate.reached()));
    const bytes = new Uint8Array(200_000);
    const moved = balancer.submit((b: Uint8Array) => b.length, [bytes], { transfer: [bytes.buffer] });
    const others = [1, 2, 3].map((n) => balancer.submit(echo, [n]));
    await until(() => balancer.stats().pending === 5);
    expect(bytes.length).toBe(200_000);
    for (const gate of gates) gate.open();
    expect(await moved).toBe(200_000);
    expect(await Promise.all(others)).toEqual([1, 2, 3]);
    await Promise.all(blocked);
  });
});
