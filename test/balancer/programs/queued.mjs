// Prints the bytes of heap that each of many queued requests takes, and what is left when all have run.
// To be run with --expose-gc.
import { setImmediate as turn } from 'node:timers/promises';
import { Balancer } from 'leastwork';

const count = Number(process.argv[2]);
/** Each has a priority of its own. */
const areUrgent = process.argv[3] === 'deadlines';
const balancer = new Balancer({ workers: 2 });
const flags = new Int32Array(new SharedArrayBuffer(8));
const block = (shared) => {
  const words = new Int32Array(shared);
  Atomics.add(words, 1, 1);
  Atomics.wait(words, 0, 0);
};
const blocked = [0, 1].map(() => balancer.submit(block, [flags.buffer]));
while (Atomics.load(flags, 1) < 2) await turn();

const heap = async () => {
  await turn();
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
};
const task = () => {};
for (let i = 0; i < 2_000; i++) balancer.submit(task);
const before = await heap();
for (let i = 1; i < count; i++) {
  if (areUrgent) balancer.submit(task, [], { priority: i % 2 === 0 ? -i : i });
  else balancer.submit(task);
}
const last = balancer.submit(task);
const queued = ((await heap()) - before) / count;

Atomics.store(flags, 0, 1);
Atomics.notify(flags, 0);
await Promise.all([...blocked, last]);
while (balancer.stats().pending > 0) await turn();
const left = (await heap()) - before;
const { completed } = balancer.stats();
await balancer.close();
console.log(JSON.stringify({ queued, left, completed }));
