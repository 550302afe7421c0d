import assert from 'node:assert/strict';
import path from 'node:path';
import { Balancer, tasks } from 'leastwork';

const { area } = tasks<typeof import('./tasks')>(path.join(__dirname, 'tasks.ts'));

async function main(): Promise<void> {
  const balancer = new Balancer({ workers: 1 });
  assert.deepEqual(await balancer.submit(area, [{ width: 2, height: 3 }]), { area: 6, unit: 'cm²' });
  assert.equal(await balancer.submit((a: number, b: number): number => a + b, [1, 2]), 3);
  await balancer.close();
}

void main();
