import { readFileSync } from 'node:fs';
import { Balancer } from 'leastwork';
import { stepsPerMicrosecond } from './lib/calibrate.mjs';
import { benchOptions, progress } from './lib/cli.mjs';
import { figure, withSpread } from './lib/format.mjs';
import { write } from './lib/report.mjs';
import { interleave } from './lib/rounds.mjs';
import { ratio, spread } from './lib/stats.mjs';
import { watchers } from './lib/watchers.mjs';

/**
 * What it costs to watch a Balancer: requests a second, and time of the main thread for each, as multiples of
 * those unwatched. Takes a minute or two, 3 at most where the machine does not give all its cores.
 */

const WORKERS = 2;
const TASK_US = 20;
const options = benchOptions();
const rounds = options.rounds(11, 3);
const scale = options.quick ? 0.1 : 1;
const chosen = watchers.filter(({ name }) => options.rivals([name]).length > 0);

const noop = () => {};
/** @param {number} steps */
const spin = (steps) => {
  let x = 1;
  for (let i = 0; i < steps; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
  }
  return x;
};
const steps = Math.round(TASK_US * stepsPerMicrosecond());

/**
 * @typedef {object} Load
 * @property {string} name
 * @property {number} count
 * @property {number} burst
 * @property {(balancer: Balancer) => Promise<unknown>} submit
 */

/** @type {Record<string, Load>} */
const loads = {
  noop: {
    name: 'no-ops, in bursts of 10,000',
    count: 300_000 * scale,
    burst: 10_000,
    submit: (/** @type {Balancer} */ balancer) => balancer.submit(noop),
  },
  task: {
    name: `tasks of ${TASK_US} µs, in bursts of 1,000`,
    count: 20_000 * scale,
    burst: 1_000,
    submit: (/** @type {Balancer} */ balancer) => balancer.submit(spin, [steps]),
  },
};

/** Time that this thread has had a core, in ms; `undefined` where the system does not tell. */
function ownTime() {
  try {
    const [ns] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
    return Number(ns) / 1e6;
  } catch {
    return undefined;
  }
}

/**
 * @param {Balancer} balancer
 * @param {Load} load
 */
async function run(balancer, { count, burst, submit }) {
  for (let done = 0; done < count; done += burst) {
    const promises = new Array(burst);
    for (let i = 0; i < burst; i++) promises[i] = submit(balancer);
    await Promise.all(promises);
  }
}

/** @type {Record<string, Map<string, Record<'rate' | 'time', import('./lib/stats.mjs').Spread>>>} */
const results = {};
for (const [key, load] of Object.entries(loads)) {
  progress(load.name);
  const balancers = new Map(
    chosen.map((watcher) => [watcher, new Balancer({ workers: WORKERS, ...watcher.options })]),
  );
  const samples = await interleave(
    chosen,
    rounds,
    async (watcher) => {
      const balancer = /** @type {Balancer} */ (balancers.get(watcher));
      const stop = await watcher.watch?.(balancer);
      const before = ownTime();
      const start = performance.now();
      await run(balancer, load);
      const ms = performance.now() - start;
      const after = ownTime();
      await stop?.();
      const time =
        before === undefined || after === undefined ? Number.NaN : ((after - before) * 1_000) / load.count;
      return { rate: load.count / ms, time };
    },
    {
      warmUp: (watcher) =>
        run(/** @type {Balancer} */ (balancers.get(watcher)), { ...load, count: load.burst }),
    },
  );
  results[key] = new Map(
    [...samples].map(([{ name }, values]) => [
      name,
      { rate: spread(values.map(({ rate }) => rate)), time: spread(values.map(({ time }) => time)) },
    ]),
  );
  for (const balancer of balancers.values()) await balancer.close();
}

const tables = Object.entries(loads).map(([key, { name }]) => {
  const measured = results[key];
  const off = /** @type {Record<'rate' | 'time', import('./lib/stats.mjs').Spread>} */ (measured.get('off'));
  return {
    title: name,
    head: [
      '',
      'k/s: median (min–max)',
      'of unwatched',
      'main thread, µs each: median (min–max)',
      'of unwatched, least of each',
    ],
    rows: [...measured].map(([watcher, { rate, time }]) => [
      watcher,
      withSpread(rate),
      off === undefined ? '' : `${figure(ratio(rate, off.rate).median)} ×`,
      withSpread(time),
      off === undefined ? '' : `${figure(time.min / off.time.min)} ×`,
    ]),
  };
});

write({
  name: 'observe',
  title: 'What watching costs',
  method: `Requests to ${WORKERS} workers, watched in several ways, one after the other in each round. Ratios are medians of the rounds' ratios; of the main thread's own time, on which other programs have less influence, the ratio of the least ones.`,
  quick: options.quick,
  rounds,
  rivals: chosen.map(({ name, settings }) => ({ name, settings })),
  packages: [],
  tables,
  data: Object.fromEntries(Object.entries(results).map(([key, map]) => [key, Object.fromEntries(map)])),
});
