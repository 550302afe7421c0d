// The caller's callbacks throw: that is told as uncaught, and nothing is lost.
import { Balancer } from 'leastwork';

const uncaught = [];
process.on('uncaughtException', ({ message }) => uncaught.push(message));

const taskEntry = process.argv[2];
const balancer = new Balancer({ workers: 1, window: 1, maxQueue: 1 });
for (const event of ['drain', 'workerStart', 'workerEnd']) {
  balancer.on(event, () => {
    throw new Error(event);
  });
}
const report = async (url) => {
  const { context } = await import(url);
  context.progress('a');
  context.progress('b');
  return 'reported';
};
const results = [
  await balancer.submit(report, [taskEntry], {
    onProgress(value) {
      throw new Error(`progress ${value}`);
    },
  }),
];
// The first one ends when some of them have been refused.
const gate = new Int32Array(new SharedArrayBuffer(4));
const all = [balancer.submit((words) => Atomics.wait(words, 0, 0), [gate])];
for (let i = 0; i < 10; i++) all.push(balancer.submit((n) => n, [i]).catch(({ code }) => code));
Atomics.store(gate, 0, 1);
Atomics.notify(gate, 0);
await Promise.all(all);
await balancer.ready();
results.push(await balancer.submit(() => 'goes on'));
await balancer.close();
// `workerEnd` is thrown in a microtask of its own.
await new Promise(setImmediate);
console.log(JSON.stringify({ results, uncaught: [...new Set(uncaught)].sort() }));
