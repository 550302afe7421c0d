import { fork } from 'node:child_process';
import { once } from 'node:events';
import { stepsPerMicrosecond } from './lib/calibrate.mjs';
import { machineIsReady, roundCounts } from './lib/capacity.mjs';
import { benchOptions, progress } from './lib/cli.mjs';
import { figure, withSpread } from './lib/format.mjs';
import { write } from './lib/report.mjs';
import { spread } from './lib/stats.mjs';
import { watchers } from './lib/watchers.mjs';

/**
 * What it costs to watch a Balancer: requests a second, and time of the main thread for each, as multiples of
 * those unwatched. Each way of watching has a process of its own, and each of its samples stands between two
 * of the unwatched process, with whose mean it is compared. Samples are short and many: the machine's speed
 * drifts within a second by more than what is to be seen. Processes are started anew every few rounds, since
 * two equal ones may be compiled differently. Takes some minutes; `--rivals trace` measures one way.
 *
 * @typedef {object} Sample what a process is asked for
 * @property {string} load
 * @property {number} burst requests that are submitted at once
 * @property {number} bursts
 * @property {number} warm bursts before them
 *
 * @typedef {{ rate: number, time: number }} Figures requests per ms; µs of the main thread for each
 */

const WORKERS = 2;
const TASK_US = 20;
const ROUNDS_OF_A_PROCESS = 10;
const OFF = 'off';
const options = benchOptions();
const rounds = options.rounds(30, 3);
const chosen = watchers.filter(({ name }) => name === OFF || options.rivals([name]).length > 0);
const steps = Math.round(TASK_US * stepsPerMicrosecond());

/** @type {Record<string, { title: string, burst: number, bursts: number }>} */
const loads = {
  noop: { title: 'no-ops, in bursts of 10,000', burst: 10_000, bursts: 8 },
  task: { title: `tasks of ${TASK_US} µs, in bursts of 1,000`, burst: 1_000, bursts: 3 },
};

/** @param {string} name */
async function start(name) {
  const child = fork(new URL('./lib/children/watched.mjs', import.meta.url), [
    name,
    `${WORKERS}`,
    `${steps}`,
  ]);
  await once(child, 'message');
  return child;
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {Sample} sample
 * @returns {Promise<Figures>}
 */
async function ask(child, sample) {
  child.send(sample);
  const [figures] = await once(child, 'message');
  return figures;
}

/** @type {Record<string, Record<string, Record<'rate' | 'time' | 'rateOfOff' | 'timeOfOff', number[]>>>} */
const results = {};
for (const load of Object.keys(loads)) {
  results[load] = {};
  for (const { name } of chosen) results[load][name] = { rate: [], time: [], rateOfOff: [], timeOfOff: [] };
}
const others = chosen.map(({ name }) => name).filter((name) => name !== OFF);

/** @type {Map<string, import('node:child_process').ChildProcess>} */
let children = new Map();
for (let round = 0; round < rounds; ) {
  if (round % ROUNDS_OF_A_PROCESS === 0 && children.size === 0) {
    for (const { name } of chosen) children.set(name, await start(name));
    for (const [load, { burst }] of Object.entries(loads)) {
      for (const child of children.values()) await ask(child, { load, burst, bursts: 1, warm: 12 });
    }
  }
  await machineIsReady();
  const begin = performance.now();
  const taken = [];
  for (const [load, { burst, bursts }] of Object.entries(loads)) {
    const sample = { load, burst, bursts, warm: 1 };
    let before = await ask(children.get(OFF), sample);
    for (let i = 0; i < others.length; i++) {
      const name = others[(i + round) % others.length];
      const own = await ask(children.get(name), sample);
      const after = await ask(children.get(OFF), sample);
      taken.push({ load, name, before, own, after });
      before = after;
    }
  }
  if (!(await roundCounts(performance.now() - begin))) continue;
  for (const { load, name, before, own, after } of taken) {
    const { rate, time, rateOfOff, timeOfOff } = results[load][name];
    results[load][OFF].rate.push(after.rate);
    results[load][OFF].time.push(after.time);
    rate.push(own.rate);
    time.push(own.time);
    rateOfOff.push((2 * own.rate) / (before.rate + after.rate));
    timeOfOff.push((2 * own.time) / (before.time + after.time));
  }
  round++;
  progress(`round ${round} of ${rounds}`);
  if (round % ROUNDS_OF_A_PROCESS === 0 || round === rounds) {
    for (const child of children.values()) child.disconnect();
    children = new Map();
  }
}

/** @param {number[]} samples median and quartiles of a ratio */
function multiple(samples) {
  if (samples.length === 0) return '1 ×';
  const { median, q1, q3 } = spread(samples);
  return `${figure(median)} × (${figure(q1)}–${figure(q3)})`;
}

const tables = Object.entries(loads).map(([load, { title }]) => ({
  title,
  head: [
    '',
    'k/s: median (min–max)',
    'of unwatched (quartiles)',
    'main thread, µs each: median (min–max)',
    'of unwatched (quartiles)',
  ],
  rows: Object.entries(results[load]).map(([name, { rate, time, rateOfOff, timeOfOff }]) => [
    name,
    withSpread(spread(rate)),
    multiple(rateOfOff),
    withSpread(spread(time)),
    multiple(timeOfOff),
  ]),
}));

write({
  name: 'observe',
  title: 'What watching costs',
  method: `Requests to ${WORKERS} workers. Each way of watching in a process of its own, each sample between two of the unwatched process, and compared with the mean of those two; new processes every ${ROUNDS_OF_A_PROCESS} rounds. Ratios are medians, with quartiles.`,
  quick: options.quick,
  rounds,
  rivals: chosen.map(({ name, settings }) => ({ name, settings })),
  packages: [],
  tables,
  data: Object.fromEntries(
    Object.entries(results).map(([load, ways]) => [
      load,
      Object.fromEntries(
        Object.entries(ways).map(([name, figures]) => [
          name,
          Object.fromEntries(
            Object.entries(figures)
              .filter(([, samples]) => samples.length > 0)
              .map(([what, samples]) => [what, spread(samples)]),
          ),
        ]),
      ),
    ]),
  ),
});
