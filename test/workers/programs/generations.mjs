// Threads in one place, one after the other. Says of each how it has loaded its code: '' from the file as `require`
// does, else what `see-compiles.cjs` has noted. Argument: how each thread ends, `reload`, `crash`, or `replace` (reload,
// after a task has replaced what writes code).
import { getEnvironmentData } from 'node:worker_threads';
import { Balancer, tasks } from 'leastwork';

const [ending] = process.argv.slice(2);
const { look, fail, crash, replaceBuiltins } = tasks(new URL('generation-tasks.mjs', import.meta.url));
const seen = [];

/** Lets the Balancer's thread say what it sees. */
async function ask(balancer) {
  const { thread: _, ...found } = await balancer.submit(look, [{ n: 1 }]);
  const failure = await balancer.submit(fail).catch((error) => error);
  const own = failure.stack.split('\n').filter((line) => /dist.workers/.test(line));
  seen.push({ ...found, failure: failure.message, own });
}

const execArgv = ['--require', new URL('see-compiles.cjs', import.meta.url).pathname];
const balancer = new Balancer({ workers: 1, execArgv });
for (let i = 0; i < 4; i++) {
  await ask(balancer);
  if (ending === 'replace') await balancer.submit(replaceBuiltins);
  if (ending === 'crash') await balancer.submit(crash).catch(() => {});
  else await balancer.reload();
}
await balancer.close();

// The first thread of another Balancer takes what is there.
const second = new Balancer({ workers: 1, execArgv });
await ask(second);
await second.close();
process.stdout.write(JSON.stringify({ seen, left: getEnvironmentData('leastwork:thread-code') ?? null }));
