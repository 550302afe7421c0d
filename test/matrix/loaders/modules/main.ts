import assert from 'node:assert/strict';
import { Balancer, tasks } from 'leastwork';

const { area } = tasks<typeof import('./tasks.js')>(new URL('./tasks.ts', import.meta.url));

const balancer = new Balancer({ workers: 1 });
assert.deepEqual(await balancer.submit(area, [{ width: 2, height: 3 }]), { area: 6, unit: 'cm²' });
assert.equal(await balancer.submit((a: number, b: number): number => a + b, [1, 2]), 3);
await balancer.close();
