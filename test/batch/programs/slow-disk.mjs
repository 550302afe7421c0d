// A batch over a file whose reads take their time, as those of a disk do. Arguments: the file, the output.
// Prints how many reads the main thread waited for.
import { createRequire } from 'node:module';
import { Balancer } from 'leastwork';
import { runBatch } from 'leastwork/batch';

const fs = createRequire(import.meta.url)('node:fs');
const [input, output] = process.argv.slice(2);
let here = 0;
const { readSync } = fs;
fs.readSync = (...args) => {
  // Not those of `readFileSync`.
  if (args[4] === undefined) return readSync(...args);
  here++;
  const end = performance.now() + 11;
  while (performance.now() < end);
  return readSync(...args);
};

const balancer = new Balancer({ workers: 2 });
const { items } = await runBatch(balancer, { input, output, task: (line) => line });
console.log(JSON.stringify({ items, here }));
await balancer.close();
