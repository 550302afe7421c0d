// Maps a million items and prints by how much the heap had grown at most, looking now and then. To be run
// with --expose-gc.
import { Balancer } from 'leastwork';

const count = 1_000_000;
await run(new Balancer({ workers: 2 }));

async function run(balancer) {
  const source = function* () {
    for (let i = 0; i < count; i++) yield i;
  };
  let seen = 0;
  let sum = 0;
  let before = 0;
  let most = 0;
  for await (const n of balancer.map(source(), (i) => i + 1, { ordered: process.argv[2] === 'ordered' })) {
    sum += n;
    if (++seen % 50_000 !== 0) continue;
    globalThis.gc();
    const { heapUsed } = process.memoryUsage();
    if (before === 0) before = heapUsed;
    most = Math.max(most, heapUsed - before);
  }
  await balancer.close();
  console.log(JSON.stringify({ seen, sum, most }));
}
