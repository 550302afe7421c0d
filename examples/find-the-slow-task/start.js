// A service with three faults: a task that is slow now and then, a worker that does not come back, and a queue that is
// full. Open the page while it runs; the end prints where each of them shows.
//   npm start            for 30 s
//   SECONDS=300 npm start
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Balancer, tasks } from 'leastwork';
import { serveDashboard } from 'leastwork/dashboard';

const seconds = Number(process.env.SECONDS ?? 30);
const port = Number(process.env.PORT ?? 0);
const { thumbnail, parse, convert } = tasks(new URL('tasks.js', import.meta.url));

const balancer = new Balancer({ name: 'service', workers: 3, window: 2, maxQueue: 100, metrics: true });
await once(balancer, 'workerStart');
const dashboard = await serveDashboard(balancer, { port });
const trace = balancer.trace('service.trace.json');
console.log(`The page: ${dashboard.url} (for ${seconds} s)`);

// What runs and cannot go on is rejected in the end.
const give = (task) => balancer.submit(task).catch(() => {});
give(convert);
const end = performance.now() + seconds * 1000;
const ticks = 10;
for (let i = 0; performance.now() < end; i++) {
  // A burst every 2 s: more than the queue takes.
  for (let k = 0; k < (i % (2000 / ticks) === 0 ? 200 : 3); k++) give(k % 2 === 0 ? thumbnail : parse);
  await sleep(ticks);
}

const stats = balancer.stats();
const { tasks: loads } = balancer.metrics().snapshot();
await trace.stop();
await balancer.close({ timeout: 100 });

console.log('\nThe slow task: p99 and mean, in the histograms and in the table "Tasks" of the page');
for (const { task, count, runTime } of loads) {
  const { mean, p50, p99 } = runTime;
  const ms = (time) => `${time.toFixed(1)} ms`.padStart(9);
  console.log(
    `  ${task.padEnd(20)}${String(count).padStart(7)} runs  mean ${ms(mean)}  p50 ${ms(p50)}  p99 ${ms(p99)}`,
  );
}
console.log(
  '\nThe worker that does not come back: the yellow notice and the bar without an end in the task stream',
);
for (const { id, running } of stats.workers) {
  if (running?.task !== 'tasks.js#convert') continue;
  console.log(
    `  worker ${id} runs ${running.task} for ${((performance.now() - running.since) / 1000).toFixed(0)} s`,
  );
}
console.log('\nThe full queue: the notice, and "Refused" among the totals');
console.log(
  `  ${stats.outcomes.refused} of ${stats.submitted} requests were refused, maxQueue is ${stats.maxQueue}`,
);
console.log('\nservice.trace.json has all three: open it at https://ui.perfetto.dev');
