// Prints how much of a core an idle Balancer with 8 workers uses, in percent: the median of some short
// spells, since the engine itself collects garbage once, some seconds after any work.
import { setTimeout as sleep } from 'node:timers/promises';
import { Balancer } from 'leastwork';

const balancer = new Balancer({ workers: 8 });
await Promise.all(Array.from({ length: 2_000 }, (_, i) => balancer.submit((n) => n, [i])));
await sleep(300);
const spells = [];
for (let i = 0; i < 5; i++) {
  const used = process.cpuUsage();
  const begin = performance.now();
  await sleep(400);
  const { user, system } = process.cpuUsage(used);
  spells.push((user + system) / 10 / (performance.now() - begin));
}
console.log(spells.sort((a, b) => a - b)[2]);
// It does not keep the process alive, so nothing is closed.
