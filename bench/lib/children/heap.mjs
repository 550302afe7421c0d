import { gc } from '../gc.mjs';

/**
 * In a process of its own: how much heap one queued request holds, and whether it is given back.
 * Arguments: the rival's adapter, the number of requests. Prints JSON.
 */
const [adapter, requests] = [process.argv[2], Number(process.argv[3])];
const { create } = await import(`../adapters/${adapter}.mjs`);

const rival = create();
rival.start(1);
// Everything that is made once (code, caches, buffers that grow) is there before the first reading.
for (let i = 0; i < 3; i++)
  await Promise.all(Array.from({ length: 2_000 }, () => rival.run('noop', undefined)));

const flag = new Int32Array(new SharedArrayBuffer(4));
const blocked = rival.run('blockUntil', flag);
// The caller's own list of promises is not the pool's: its slots are there before the first reading, too.
const promises = new Array(requests).fill(undefined);

const before = await settledMemory();
for (let i = 0; i < requests; i++) promises[i] = rival.run('noop', undefined);
const queued = await settledMemory();

Atomics.store(flag, 0, 1);
Atomics.notify(flag, 0);
await blocked;
await Promise.all(promises);
promises.fill(undefined);
const after = await settledMemory();

process.stdout.write(
  JSON.stringify({
    heap: (queued.heapUsed - before.heapUsed) / requests,
    outside: (queued.external + queued.arrayBuffers - before.external - before.arrayBuffers) / requests,
    resident: (queued.rss - before.rss) / requests,
    left: (after.heapUsed - before.heapUsed) / requests,
  }),
  // Closing is not what is measured, and some take seconds.
  () => process.exit(),
);

async function settledMemory() {
  // Several turns: what finalizers and messages hold is let go of only then.
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    gc();
  }
  return process.memoryUsage();
}
