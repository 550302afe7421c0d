// Reads a FIFO whose writer comes from this process's own main thread. Arguments: the FIFO.
import { writeFile } from 'node:fs/promises';
import { Balancer } from 'leastwork';
import { runBatch } from 'leastwork/batch';

const [fifo] = process.argv.slice(2);
const balancer = new Balancer({ workers: 1 });
const report = runBatch(balancer, { input: fifo, output: `${fifo}.out`, task: (line) => line });
// Far later than the batch opens its input.
setTimeout(() => writeFile(fifo, 'a\nb\n'), 200);
process.stdout.write(`${(await report).items} items\n`);
await balancer.close();
