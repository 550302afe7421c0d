// Writes a CSV file of 100,000 orders, three of them bad, and runs a function over each.
//
// The same on the command line:
//   leastwork map ./order.js#total --csv orders.csv -o totals.jsonl --errors bad.jsonl --journal orders.journal --resume
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Balancer, tasks } from 'leastwork';
import { runBatch } from 'leastwork/batch';

const folder = await mkdtemp(path.join(tmpdir(), 'orders-'));
const file = (name) => path.join(folder, name);
const orders = Array.from({ length: 100_000 }, (_, i) => `${i},${i % 7},${(i % 100) / 4}`);
orders[10] = '10,two,3';
orders[500] = '500,1'; // a field is missing
orders[70_000] = '70000,1,"1,000"';
await writeFile(file('orders.csv'), `id,quantity,price\n${orders.join('\n')}\n`);

const balancer = new Balancer();
const report = await runBatch(balancer, {
  input: file('orders.csv'),
  format: 'csv',
  task: tasks(new URL('./order.js', import.meta.url)).total,
  output: file('totals.jsonl'),
  errors: file('bad.jsonl'),
  journal: file('orders.journal'), // kill it, and run it again with `resume`: it goes on
  resume: true,
});
await balancer.close();

console.log(
  `${report.outcome}: ${report.items} records, ${report.failed} failed, ${report.seconds.toFixed(2)} s`,
);
for (const line of (await readFile(file('bad.jsonl'), 'utf8')).trimEnd().split('\n')) {
  const { line: number, name, message } = JSON.parse(line);
  console.log(`  line ${number}: ${name}: ${message}`);
}
console.log(`results: ${file('totals.jsonl')}`);
