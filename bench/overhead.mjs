import { benchOptions, progress } from './lib/cli.mjs';
import { figure, withSpread } from './lib/format.mjs';
import { burst, closedLoop, countFor } from './lib/loops.mjs';
import { plot } from './lib/plot.mjs';
import { write } from './lib/report.mjs';
import { closeRivals, packagesOf, startRivals } from './lib/rivals.mjs';
import { interleave } from './lib/rounds.mjs';
import { median, quantile, ratio, spread } from './lib/stats.mjs';

/**
 * What a request costs when the task does nothing.
 *
 * @typedef {import('./lib/adapters/rival.mjs').Rival} Rival
 * @typedef {object} Metric
 * @property {string} name
 * @property {string} unit
 * @property {(rival: Rival) => Promise<() => Promise<number>>} prepare warms up and gives the measurement of
 *   one round
 */

const CALLERS = 64;
const options = benchOptions();
const rounds = options.rounds(5, 3);
const budget = options.quick ? 60 : 300;
const burstSize = options.quick ? 10_000 : 50_000;
const names = options.rivals([
  'leastwork',
  'leastwork-inline',
  'piscina',
  'piscina-concurrent',
  'tinypool',
  'workerpool',
  'poolifier',
  'postmessage',
  'inline',
]);

/** @type {Record<string, Metric>} */
const metrics = {
  burst: {
    name: `burst of ${figure(burstSize)}`,
    unit: 'k/s',
    async prepare(rival) {
      await burst(rival, 'noop', undefined, burstSize / 5);
      return async () => {
        // The fast ones end within a few turns of the event loop: several bursts, or the clock of one round
        // is too short.
        const rates = [];
        const end = performance.now() + budget / 2;
        do rates.push(burstSize / (await burst(rival, 'noop', undefined, burstSize)));
        while (performance.now() < end);
        return median(rates);
      };
    },
  },
  closed: {
    name: `closed loop of ${CALLERS}`,
    unit: 'k/s',
    async prepare(rival) {
      const run = (/** @type {number} */ count) => closedLoop(rival, 'noop', undefined, count, CALLERS);
      const count = await countFor(run, budget, CALLERS * 4);
      return async () => count / (await run(count));
    },
  },
  latency: {
    name: 'one at a time',
    unit: 'µs',
    async prepare(rival) {
      const run = (/** @type {number} */ count) => closedLoop(rival, 'noop', undefined, count, 1);
      const count = await countFor(run, budget, 100);
      return async () => ((await run(count)) * 1_000) / count;
    },
  },
  lateness: {
    name: 'timer of 1 ms late by, p99',
    unit: 'ms',
    async prepare(rival) {
      const run = (/** @type {number} */ count) => closedLoop(rival, 'noop', undefined, count, CALLERS);
      const count = await countFor(run, budget, CALLERS * 4);
      return async () => {
        const timers = lateTimers();
        await run(count);
        return quantile(timers.stop().sort(), 0.99);
      };
    },
  },
};

/**
 * A chain of 1 ms timers: how late each fires tells how fair the event loop stays for the rest of the
 * program.
 */
function lateTimers() {
  /** @type {number[]} */
  const late = [];
  let due = performance.now() + 1;
  let timer = setTimeout(fire, 1);
  function fire() {
    late.push(Math.max(0, performance.now() - due));
    due = performance.now() + 1;
    timer = setTimeout(fire, 1);
  }
  return {
    stop() {
      clearTimeout(timer);
      // One that is overdue at the end counts too, or starving it completely would look best.
      late.push(Math.max(0, performance.now() - due));
      return Float64Array.from(late);
    },
  };
}

/** @param {number} workers */
async function measure(workers) {
  const rivals = await startRivals(names, workers);
  /** @type {Record<string, Map<string, import('./lib/stats.mjs').Spread>>} */
  const results = {};
  for (const [key, metric] of Object.entries(metrics)) {
    progress(`${workers} workers: ${metric.name}`);
    const runs = new Map();
    for (const rival of rivals) runs.set(rival, await metric.prepare(rival));
    const samples = await interleave(rivals, rounds, (rival) => runs.get(rival)());
    results[key] = new Map([...samples].map(([rival, values]) => [rival.name, spread(values)]));
  }
  await closeRivals(rivals);
  return { workers, results, rivals };
}

const runs = [];
for (const workers of options.workers([1, 2])) runs.push(await measure(workers));
const { rivals } = runs[0];

const tables = runs.flatMap(({ workers, results }) => {
  const title = `${workers} worker${workers === 1 ? '' : 's'}`;
  const values = {
    title: `${title}: median (min–max)`,
    head: ['', ...Object.values(metrics).map(({ name, unit }) => `${name}, ${unit}`)],
    rows: rivals.map(({ name }) => [
      name,
      ...Object.keys(metrics).map((key) => withSpread(results[key].get(name))),
    ]),
  };
  const ours = (/** @type {string} */ key) => results[key].get('leastwork');
  if (!ours('burst')) return [values];
  const ratios = {
    title: `${title}: leastwork as a multiple of each, median of the rounds' ratios`,
    head: ['', ...Object.values(metrics).map(({ name }) => name)],
    rows: rivals
      .filter(({ name }) => name !== 'leastwork')
      .map(({ name }) => [
        name,
        ...Object.keys(metrics).map((key) => `${figure(ratio(ours(key), results[key].get(name)).median)} ×`),
      ]),
  };
  return [values, ratios];
});

const bars = (/** @type {string} */ key) =>
  /** @type {import('./lib/plot.mjs').Panel} */ ({
    title: `no-op, ${metrics[key].name}`,
    x: 'workers',
    y: metrics[key].unit,
    xType: 'category',
    yType: key === 'latency' ? 'value' : 'log',
    categories: runs.map(({ workers }) => String(workers)),
    // Inline is a thousand times off the scale: it stands in the table.
    series: rivals
      .filter(({ name }) => name !== 'inline')
      .map(({ name }) => ({
        name,
        points: runs.map(({ workers, results }) => [String(workers), results[key].get(name).median]),
      })),
  });

write({
  name: 'overhead',
  title: 'Overhead: what a request costs when the task does nothing',
  method:
    `A burst submits ${figure(burstSize)} no-ops in one turn of the event loop and awaits them all. The closed loop has ${CALLERS} callers, each submitting its next ` +
    'request when its last one has come back; “one at a time” is the same with one caller. The timer is a chain of `setTimeout(1)` on the main thread while the closed ' +
    'loop runs. All rivals in one process, interleaved, order rotated every round.',
  quick: options.quick,
  rounds,
  rivals: rivals.map(({ name, settings }) => ({ name, settings })),
  packages: packagesOf(rivals),
  tables,
  data: runs.map(({ workers, results }) => ({
    workers,
    ...Object.fromEntries(Object.entries(results).map(([key, of]) => [key, Object.fromEntries(of)])),
  })),
  plots: { '': plot([bars('burst'), bars('closed'), bars('latency')], 'bar') },
});
