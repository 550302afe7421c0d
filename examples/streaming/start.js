// Results one by one, as a task finds them. Leaving the loop early ends the task.
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Balancer, tasks } from 'leastwork';

const { search } = tasks(new URL('./search.js', import.meta.url));

const file = path.join(await mkdtemp(path.join(tmpdir(), 'log-')), 'server.log');
const lines = Array.from(
  { length: 200_000 },
  (_, i) => `${i} ${i % 1000 === 999 ? 'ERROR' : 'info'} request ${i}`,
);
await writeFile(file, `${lines.join('\n')}\n`);

const balancer = new Balancer();

// All of them. At most 16 values are sent ahead: a slow loop slows the task down, and memory stays small.
let errors = 0;
for await (const _ of balancer.stream(search, [file, 'ERROR'])) errors++;
console.log(`${errors} errors`);

// The first three.
let shown = 0;
for await (const { number, line } of balancer.stream(search, [file, 'ERROR'])) {
  console.log(`line ${number}: ${line}`);
  if (++shown === 3) break;
}
await balancer.close();
