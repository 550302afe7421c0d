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
 * those unwatched. Each way of watching has a process of its own, and two have unwatched ones, with whose mean
 * it is compared in each round. All take turns, and so have waited equally long: a process that is asked more
 * often is up to a tenth faster. Samples are short and many: the machine's speed drifts within a second by more
 * than what is to be seen. Processes are started anew every few rounds, since two equal ones may be compiled
 * differently. Takes some minutes; `--cases 'no-ops: metrics'` measures one way with one load, beside the
 * unwatched ones, and `--keep` with it leaves the other rows as they are.
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
/** The same again: how far apart two equal ones are. */
const TWICE = 'off, once more';
const options = benchOptions();
const rounds = options.rounds(30, 3);
const steps = Math.round(TASK_US * stepsPerMicrosecond());

/** @type {Record<string, { label: string, title: string, burst: number, bursts: number }>} */
const loads = {
  noop: { label: 'no-ops', title: 'no-ops, in bursts of 10,000', burst: 10_000, bursts: 12 },
  task: {
    label: `tasks of ${TASK_US} µs`,
    title: `tasks of ${TASK_US} µs, in bursts of 1,000`,
    burst: 1_000,
    bursts: 6,
  },
};

/** @param {{ load: string, name: string }} row what `--cases` knows it by */
const labelOf = ({ load, name }) => `${loads[load].label}: ${name}`;
/** @param {string} name */
const isUnwatched = (name) => name === OFF || name === TWICE;
const all = Object.keys(loads).flatMap((load) => watchers.map(({ name }) => ({ load, name })));
const asked = options
  .cases(all, labelOf)
  .filter(({ name }) => isUnwatched(name) || options.rivals([name]).length > 0);
const cases = all.filter(
  (row) => asked.includes(row) || (isUnwatched(row.name) && asked.some(({ load }) => load === row.load)),
);
const measuredLoads = Object.keys(loads).filter((load) => cases.some((row) => row.load === load));
const chosen = watchers.filter(({ name }) => cases.some((row) => row.name === name));

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
for (const { load, name } of cases) {
  results[load] ??= {};
  results[load][name] = { rate: [], time: [], rateOfOff: [], timeOfOff: [] };
}

/** @type {Map<string, import('node:child_process').ChildProcess>} */
let children = new Map();
for (let round = 0; round < rounds; ) {
  if (round % ROUNDS_OF_A_PROCESS === 0 && children.size === 0) {
    for (const { name } of chosen) children.set(name, await start(name));
    for (const { load, name } of cases)
      await ask(children.get(name), { load, burst: loads[load].burst, bursts: 1, warm: 12 });
  }
  await machineIsReady();
  const begin = performance.now();
  /** @type {Record<string, Record<string, Figures>>} */
  const taken = {};
  for (const load of measuredLoads) {
    const { burst, bursts } = loads[load];
    const names = Object.keys(results[load]);
    taken[load] = {};
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round) % names.length];
      taken[load][name] = await ask(children.get(name), { load, burst, bursts, warm: 1 });
    }
  }
  if (!(await roundCounts(performance.now() - begin))) continue;
  for (const load of measuredLoads) {
    const { [OFF]: off, [TWICE]: twice } = taken[load];
    for (const [name, own] of Object.entries(taken[load])) {
      const { rate, time, rateOfOff, timeOfOff } = results[load][name];
      rate.push(own.rate);
      time.push(own.time);
      if (name === OFF) continue;
      const base =
        name === TWICE ? off : { rate: (off.rate + twice.rate) / 2, time: (off.time + twice.time) / 2 };
      rateOfOff.push(own.rate / base.rate);
      timeOfOff.push(own.time / base.time);
    }
  }
  round++;
  progress(`round ${round} of ${rounds}`);
  if (round % ROUNDS_OF_A_PROCESS === 0 || round === rounds) {
    for (const child of children.values()) child.disconnect();
    children = new Map();
  }
}

const measured = cases.map(({ load, name }) => {
  const { rate, time, rateOfOff, timeOfOff } = results[load][name];
  const ratios = name === OFF ? {} : { rateOfOff: spread(rateOfOff), timeOfOff: spread(timeOfOff) };
  return { load, name, rounds, rate: spread(rate), time: spread(time), ...ratios };
});
const rows = options.withKept('observe', measured, all.map(labelOf), (row) => labelOf(row));

/** @param {ReturnType<typeof spread> | undefined} ratio shown as its median and quartiles */
function multiple(ratio) {
  if (ratio === undefined) return '1 ×';
  const { median, q1, q3 } = ratio;
  return `${figure(median)} × (${figure(q1)}–${figure(q3)})`;
}

const tables = Object.entries(loads)
  .map(([load, { title }]) => ({
    title,
    head: [
      '',
      'rounds',
      'k/s: median (min–max)',
      'of unwatched (quartiles)',
      'main thread, µs each: median (min–max)',
      'of unwatched (quartiles)',
    ],
    rows: rows
      .filter((row) => row.load === load)
      .map(({ name, rounds: count, rate, time, rateOfOff, timeOfOff }) => [
        name,
        count,
        withSpread(rate),
        multiple(rateOfOff),
        withSpread(time),
        multiple(timeOfOff),
      ]),
  }))
  .filter(({ rows: { length } }) => length > 0);

write({
  name: 'observe',
  title: 'What watching costs',
  method: `Requests to ${WORKERS} workers. Each way of watching in a process of its own; all take turns, and in each round the two unwatched ones give the mean with which the others are compared; new processes every ${ROUNDS_OF_A_PROCESS} rounds. Ratios are medians, with quartiles. Rows may have been measured at different times, each beside unwatched processes of its own.`,
  quick: options.quick,
  isPart: options.isPart,
  rounds,
  rivals: watchers
    .filter(({ name }) => rows.some((row) => row.name === name))
    .map(({ name, settings }) => ({ name, settings })),
  packages: [],
  tables,
  data: { results: rows },
});
