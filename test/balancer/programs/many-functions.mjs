// 8,000 functions of 12 KB each, in a thread that may take 64 MB.
import assert from 'node:assert/strict';
import { Balancer } from 'leastwork';

const functionOf = (n, characters) =>
  new Function(`return () => { return ${n}; /* ${'-'.repeat(characters)} */ }`)();
const balancer = new Balancer({ workers: 1, resourceLimits: { maxOldGenerationSizeMb: 64 } });
const first = functionOf(-1, 10);
assert.equal(await balancer.submit(first), -1);
const batch = [...Array(500).keys()];
for (let i = 0; i < 8_000; i += 500) {
  const results = await Promise.all(batch.map((k) => balancer.submit(functionOf(i + k, 12_000))));
  assert.deepEqual(
    results,
    batch.map((k) => i + k),
  );
}
// Sent anew.
assert.equal(await balancer.submit(first), -1);
const [{ id, completed }] = balancer.stats().workers;
console.log(`${completed} by worker ${id}`);
await balancer.close();
