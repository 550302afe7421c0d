// Prints the bytes of heap that are left of each result after collections of the young generation alone.
// To be run with --expose-gc.
import { setTimeout as sleep } from 'node:timers/promises';
import { Balancer } from 'leastwork';

const balancer = new Balancer({ workers: 2 });
const task = () => ({ numbers: Array.from({ length: 300 }, (_, i) => i + 0.5) });
const run = async (count) => {
  let left = count;
  const caller = async () => {
    while (left-- > 0) await balancer.submit(task);
  };
  await Promise.all(Array.from({ length: 128 }, caller));
};
const heap = async () => {
  await sleep(1);
  globalThis.gc({ type: 'minor' });
  globalThis.gc({ type: 'minor' });
  return process.memoryUsage().heapUsed;
};
// Until all of it is compiled: with Node 24 that takes longer.
await run(30_000);
globalThis.gc();
const before = await heap();
// What is on its way when the collector comes is kept until the next full collection: of so many results it is little.
const count = 4_000;
await run(count);
const left = ((await heap()) - before) / count;
await balancer.close();
console.log(left);
