import { readFileSync } from 'node:fs';
import { Balancer } from 'leastwork';
import { gc } from '../gc.mjs';
import { spin } from '../tasks.mjs';
import { watchers } from '../watchers.mjs';

/**
 * A process of its own, with a Balancer that is watched in one way, for `bench/observe.mjs`. In one process,
 * what one way of watching has taught the compiler would be in the code that runs unwatched. Arguments: the
 * watcher's name, the number of workers, the steps of `spin` that a task takes. For each message with the name
 * of a load and how many bursts of it, measures once, and answers with the figures.
 */

const [name, workers, steps] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const watcher = watchers.find((each) => each.name === name);
if (watcher === undefined) throw new Error(`no watcher '${name}'`);

const noop = () => {};
const balancer = new Balancer({ workers, ...watcher.options });

/** @type {Record<string, () => Promise<unknown>>} */
const submit = {
  noop: () => balancer.submit(noop),
  task: () => balancer.submit(spin, [steps]),
};

/** Time that this thread has had a core, in ms; `NaN` where the system does not tell. */
function ownTime() {
  try {
    const [ns] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
    return Number(ns) / 1e6;
  } catch {
    return Number.NaN;
  }
}

/**
 * @param {() => Promise<unknown>} one
 * @param {number} burst
 * @param {number} bursts
 */
async function run(one, burst, bursts) {
  for (let done = 0; done < bursts; done++) {
    const promises = new Array(burst);
    for (let i = 0; i < burst; i++) promises[i] = one();
    await Promise.all(promises);
  }
}

process.on(
  'message',
  async (/** @type {import('../../observe.mjs').Sample} */ { load, burst, bursts, warm }) => {
    const one = /** @type {() => Promise<unknown>} */ (submit[load]);
    await run(one, burst, warm);
    gc();
    const before = ownTime();
    const start = performance.now();
    await run(one, burst, bursts);
    const ms = performance.now() - start;
    const after = ownTime();
    const count = burst * bursts;
    process.send?.({ rate: count / ms, time: ((after - before) * 1_000) / count });
  },
);
process.on('disconnect', async () => {
  await stop?.();
  process.exit();
});
const stop = await watcher.watch?.(balancer);
process.send?.('ready');
