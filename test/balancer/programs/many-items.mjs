// Maps 300,000 items and prints by how much the heap has grown between the first look and the least of the
// last five: what a moment holds is none of it. To be run with --expose-gc.
import { Balancer } from 'leastwork';

const count = 300_000;
await run(new Balancer({ workers: 2 }));

async function run(balancer) {
  const source = function* () {
    for (let i = 0; i < count; i++) yield i;
  };
  let seen = 0;
  let sum = 0;
  const looks = [];
  for await (const n of balancer.map(source(), (i) => i + 1, { ordered: process.argv[2] === 'ordered' })) {
    sum += n;
    if (++seen % 15_000 !== 0) continue;
    globalThis.gc();
    looks.push(process.memoryUsage().heapUsed);
  }
  await balancer.close();
  const grown = Math.min(...looks.slice(-5)) - looks[0];
  console.log(JSON.stringify({ seen, sum, grown }));
}
