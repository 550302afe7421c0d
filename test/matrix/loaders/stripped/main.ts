import assert from 'node:assert/strict';
import { Balancer, tasks } from 'leastwork';

const { area } = tasks<typeof import('./tasks.ts')>(new URL('./tasks.ts', import.meta.url));

const balancer = new Balancer({ workers: 1 });
assert.deepEqual(await balancer.submit(area, [{ width: 2, height: 3 }]), { area: 6, unit: 'cm²' });
assert.equal(await balancer.submit((a: number, b: number): number => a + b, [1, 2]), 3);
// As TypeScript wants the names of modules to be written, which Node does not know.
const byName = tasks<typeof import('./tasks.ts')>(new URL('./tasks.js', import.meta.url));
assert.equal((await balancer.submit(byName.area, [{ width: 2, height: 1 }])).area, 2);
await balancer.close();
