// What inline functions and tasks find: everything as from this file.
import { Balancer, tasks } from 'leastwork';

const balancer = new Balancer({ workers: 1 });
const context = { value: 'context' };
const found = [
  await balancer.submit(async () => (await import('leastwork/task')).context.value, [], { context }),
  await balancer.submit(() => require('leastwork/task').context.value, [], { context }),
  await balancer.submit(() => require('./helper.cjs')()),
  await balancer.submit(async () => (await import('./helper.js')).default()),
  await balancer.submit(tasks(new URL('helper.js', import.meta.url)).default),
];
for await (const value of balancer.stream(function* () {
  yield 'streamed';
})) {
  found.push(value);
}
// One that is left early, and one that is never begun: neither keeps the process.
for await (const value of balancer.stream(function* () {
  for (;;) yield 'left';
})) {
  found.push(value);
  break;
}
balancer.stream(function* () {});
console.log(JSON.stringify(found));
