import type { Policy, WorkerView } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withBalancer } from '../support/balancer.js';
import { Gate, wait } from '../support/gate.js';
import { range } from '../support/range.js';
import { allReady } from '../support/readiness.js';

/**
 * Keeps its own count of each worker's requests, from the changes of `pending` that it is told, and of those
 * that it selected.
 */
class Recording implements Policy {
  readonly name = 'recording';
  readonly pins = false;
  readonly set = new Set<WorkerView>();
  /** All that were ever in the set. */
  readonly known = new Map<WorkerView, number>();
  selected = 0;
  given = 0;
  released = 0;

  add(worker: WorkerView): void {
    expect(worker.pending).toBe(0);
    expect(this.known.has(worker)).toBe(false);
    this.set.add(worker);
    this.known.set(worker, 0);
  }
  remove(worker: WorkerView): void {
    this.set.delete(worker);
  }
  select(): WorkerView | undefined {
    let least: WorkerView | undefined;
    for (const worker of this.set) {
      if (worker.available && (least === undefined || worker.pending < least.pending)) least = worker;
    }
    if (least !== undefined) this.selected++;
    return least;
  }
  update(worker: WorkerView): void {
    const change = worker.pending - (this.known.get(worker) as number);
    this.known.set(worker, worker.pending);
    if (change > 0) this.given += change;
    else this.released -= change;
    expect(worker.pending).toBeGreaterThanOrEqual(0);
  }
}

/** What was selected and not released, by the numbers that all workers end with. */
function expectAllReleased(policy: Recording): void {
  for (const worker of policy.known.keys()) {
    expect(worker.pending, `pending of worker ${worker.id}`).toBe(0);
    expect(worker.work, `work of worker ${worker.id}`).toBe(0);
  }
  expect(policy.selected).toBeGreaterThan(0);
}

describe('each select is matched by one release', () => {
  it('when requests complete, or fail', async () => {
    const policy = new Recording();
    await withBalancer({ workers: 3, policy, window: 8 }, async (balancer) => {
      await allReady(balancer);
      await Promise.allSettled(
        range(0, 500).map((n) =>
          balancer.submit(
            (v: number) => {
              if (v % 3 === 0) throw new Error('no');
              return v;
            },
            [n],
          ),
        ),
      );
      expect(policy.released).toBe(policy.given);
    });
    expectAllReleased(policy);
  });

  it('when arguments cannot be cloned', async () => {
    const policy = new Recording();
    await withBalancer({ workers: 2, policy }, async (balancer) => {
      const results = await Promise.allSettled(
        range(0, 100).map((n) => balancer.submit((v: unknown) => v, [n % 2 === 0 ? () => {} : n])),
      );
      expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(50);
      expect(policy.released).toBe(policy.given);
    });
    expectAllReleased(policy);
  });

  it('when requests are aborted: in the queue, in a window, while they run', async () => {
    const policy = new Recording();
    await withBalancer({ workers: 2, policy, window: 4, grace: 0 }, async (balancer) => {
      await allReady(balancer);
      const gate = new Gate();
      const aborts = range(0, 20).map(() => new AbortController());
      const results = aborts.map(({ signal }, n) => balancer.submit(wait, [gate.shared, n], { signal }));
      await gate.reached(2);
      for (const abort of aborts.filter((_, i) => i % 2 === 0)) abort.abort();
      gate.open();
      const settled = await Promise.allSettled(results);
      expect(settled.map(({ status }) => status)).toEqual(
        range(0, 20).map((n) => (n % 2 === 0 ? 'rejected' : 'fulfilled')),
      );
    });
    expectAllReleased(policy);
  });

  it('when workers crash, are removed, replaced and added', async () => {
    const policy = new Recording();
    await withBalancer({ workers: 3, policy, window: 8 }, async (balancer) => {
      await allReady(balancer);
      const results = range(0, 300).map((n) =>
        balancer.submit((v: number) => (v % 100 === 0 ? process.exit(1) : v), [n]),
      );
      const settling = Promise.allSettled(results);
      await Promise.all([balancer.add(), balancer.remove(2), balancer.reload()]);
      const settled = await settling;
      expect(settled.filter(({ status }) => status === 'rejected')).toHaveLength(3);
    });
    expectAllReleased(policy);
  });

  it('when requests time out', async () => {
    const policy = new Recording();
    await withBalancer({ workers: 2, policy, window: 4, grace: 0 }, async (balancer) => {
      const gate = new Gate();
      const results = range(0, 6).map((n) => balancer.submit(wait, [gate.shared, n], { timeout: 20 }));
      for (const settled of await Promise.allSettled(results)) {
        expect(settled).toMatchObject({ status: 'rejected', reason: { code: 'ERR_TASK_TIMEOUT' } });
      }
    });
    expectAllReleased(policy);
  });
});
