import type { Policy, WorkerView } from 'leastwork';
import { expect, it } from 'vitest';
import { withBalancer } from '../support/balancer.js';
import { gc } from '../support/garbage.js';
import { range } from '../support/range.js';

it('workers that have been replaced are let go', async () => {
  const all: WeakRef<WorkerView>[] = [];
  const workers = new Set<WorkerView>();
  const policy: Policy = {
    name: 'any',
    pins: false,
    add(worker) {
      all.push(new WeakRef(worker));
      workers.add(worker);
    },
    remove: (worker) => void workers.delete(worker),
    select: () => [...workers].find(({ available }) => available),
    update() {},
  };
  await withBalancer({ workers: 1, policy }, async (balancer) => {
    for (const _ of range(0, 12)) {
      await balancer.submit(() => 1);
      await balancer.reload();
    }
    expect(all).toHaveLength(13);
    const held = () => all.filter((worker) => worker.deref() !== undefined).length;
    for (let i = 0; i < 100 && held() > 4; i++) await gc();
    // The one that serves, its predecessor, and what a stack may still hold.
    expect(held()).toBeLessThanOrEqual(4);
  });
});
