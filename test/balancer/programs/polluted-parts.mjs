// What `Object.prototype` has when the package is used: names that its parts write to each other, or that the
// parser reads. Argument: the folder for the files of a batch.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Balancer } from 'leastwork';
import { runBatch } from 'leastwork/batch';

const [, , folder] = process.argv;
writeFileSync(join(folder, 'input'), 'a\nb\n');
const names = [
  ...['tree', 'overflow', 'killed', 'isTimeout', 'isWithdrawn', 'name'],
  ...['running', 'errors', 'size', 'hash', 'modified', 'stack'],
  ...['keyword', 'beforeExpr', 'startsExpr', 'isLoop', 'isAssign', 'prefix', 'postfix', 'binop'],
];
const balancer = new Balancer({ workers: 1 });
const failing = {
  input: join(folder, 'input'),
  output: join(folder, 'some'),
  journal: join(folder, 'journal'),
  task: (line) => {
    if (line === 'b') throw 'no error';
    return line;
  },
};
const withErrors = {
  ...failing,
  output: join(folder, 'none'),
  errors: join(folder, 'errors'),
  journal: undefined,
};
await runBatch(balancer, failing);
for (const name of names)
  Object.defineProperty(Object.prototype, name, { value: true, configurable: true, writable: true });
const seen = {};
const fate = (promise) =>
  promise.then(
    (value) => value,
    (error) => String(error),
  );
seen.inline = await fate(balancer.submit((n) => -n + 1, [2]));
seen.message = await fate(balancer.submit((map) => map.get(1), [new Map([[1, 2]])]));
seen.result = await fate(balancer.submit(() => new Map([[1, 2]])).then((map) => map.size));
seen.error = await fate(
  balancer.submit(() => JSON.parse('{')).catch((error) => error instanceof SyntaxError),
);
seen.items = [];
for await (const item of balancer.map([1, 2], (n) => new Set([n]))) seen.items.push(item.size);
const files = { input: join(folder, 'input'), output: join(folder, 'output') };
seen.batch = await fate(
  runBatch(balancer, { ...files, task: (line) => line.toUpperCase() }).then(() =>
    readFileSync(files.output, 'utf8'),
  ),
);
const traced = balancer.trace(join(folder, 'trace'));
seen.trace = await fate(traced.stop().then(() => true));
seen.journal = await fate(runBatch(balancer, { ...failing, retryFailed: true }).then(({ failed }) => failed));
seen.failed = await fate(runBatch(balancer, withErrors).then(() => readFileSync(withErrors.errors, 'utf8')));
for (const name of names) delete Object.prototype[name];
console.log(JSON.stringify(seen));
await balancer.close();
