import { inlineLength, stepsPerMicrosecond } from './lib/calibrate.mjs';
import { benchOptions, progress } from './lib/cli.mjs';
import { figure, percent } from './lib/format.mjs';
import { closedLoop, countFor } from './lib/loops.mjs';
import { metg } from './lib/metg.mjs';
import { plot } from './lib/plot.mjs';
import { write } from './lib/report.mjs';
import { closeRivals, packagesOf, startRivals } from './lib/rivals.mjs';
import { interleave } from './lib/rounds.mjs';
import { median, spread } from './lib/stats.mjs';
import { warmUpOf } from './lib/warm.mjs';

/**
 * How short a task may be before the pool eats the gain.
 *
 * @typedef {import('./lib/adapters/rival.mjs').Rival} Rival
 */

const OUTSTANDING_PER_WORKER = 64;
const BARE = 'bare threads';

const options = benchOptions();
const rounds = options.rounds(5, 2);
const budget = options.quick ? 25 : 150;
const lengths = options.quick ? [1, 5, 20, 100, 1_000] : [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];
const names = options.rivals([
  'leastwork',
  'piscina',
  'piscina-concurrent',
  'tinypool',
  'workerpool',
  'poolifier',
  'postmessage',
]);
const rate = stepsPerMicrosecond();

/**
 * Splits `count` spins into one task per worker: what these threads can do on this machine when no pool is in
 * between.
 * @param {Rival} threads
 * @param {number} steps
 * @param {number} count
 * @param {number} workers
 */
async function bareThreads(threads, steps, count, workers) {
  const share = Math.ceil(count / workers);
  const start = performance.now();
  await Promise.all(Array.from({ length: workers }, () => threads.run('spinMany', { steps, count: share })));
  return ((performance.now() - start) * count) / (share * workers);
}

/** @param {number} workers */
async function measure(workers) {
  const rivals = await startRivals(names, workers);
  const [bare] = await startRivals(['postmessage'], workers);
  const contestants = [{ ...bare, name: BARE }, ...rivals];
  const warmUp = await warmUpOf(rivals, workers);
  const points = [];
  for (const length of lengths) {
    progress(`${workers} workers: ${length} µs`);
    const steps = Math.round(length * rate);
    const run = (/** @type {Rival} */ rival, /** @type {number} */ count) =>
      rival.name === BARE
        ? bareThreads(rival, steps, count, workers)
        : closedLoop(rival, 'spin', steps, count, OUTSTANDING_PER_WORKER * workers);
    const counts = new Map();
    for (const rival of contestants) {
      counts.set(
        rival,
        await countFor((count) => run(rival, count), budget, OUTSTANDING_PER_WORKER * workers),
      );
    }
    // The length is measured in each round too, since the clock of a shared machine drifts.
    const inlineOf = Array.from({ length: rounds }, () => /** @type {number | undefined} */ (undefined));
    const sample = async (/** @type {Rival} */ rival, /** @type {number} */ round) => {
      inlineOf[round] ??= inlineLength(steps, length, budget / 3);
      const count = counts.get(rival);
      const time = await run(rival, count);
      return (count * inlineOf[round]) / 1_000 / (workers * time);
    };
    const samples = await interleave(contestants, rounds, sample, { warmUp });
    points.push({
      length,
      inline: median(inlineOf),
      efficiency: Object.fromEntries([...samples].map(([rival, values]) => [rival.name, spread(values)])),
    });
  }
  await closeRivals([bare, ...rivals]);
  return { workers, points, rivals };
}

const runs = [];
for (const workers of options.workers([1, 2])) runs.push(await measure(workers));
const { rivals } = runs[0];
const shown = [...rivals.map(({ name }) => name), BARE];

/**
 * @param {(typeof runs)[number]} run
 * @param {string} name
 */
function metgOf(run, name) {
  const { length, bound } = metg(
    run.points.map((point) => ({ length: point.length, efficiency: point.efficiency[name].median })),
  );
  return bound === '=' ? figure(length) : `${bound} ${figure(length)}`;
}

const tables = runs.flatMap((run) => [
  {
    title: `${run.workers} worker${run.workers === 1 ? '' : 's'}: efficiency by length of task (median), and METG(50 %) in µs`,
    head: ['', ...run.points.map(({ length }) => `${length} µs`), 'METG'],
    rows: shown.map((name) => [
      name,
      ...run.points.map(({ efficiency }) => percent(efficiency[name].median)),
      metgOf(run, name),
    ]),
  },
]);

write({
  name: 'granularity',
  title: 'Granularity: how short a task may be',
  method:
    `Tasks of a calibrated number of steps, the same for all. Efficiency = work / (workers × wall time), where work = requests × the task's length as measured on the main thread in ` +
    `the same round. A closed loop of ${OUTSTANDING_PER_WORKER} requests per worker, after 100 ms of no-ops. METG(50 %) is the smallest length at which half of the machine does useful work. ` +
    '“Bare threads” gives each thread its share as one task: the limit of this machine, below 100 % where its cores are shared.',
  quick: options.quick,
  rounds,
  rivals: rivals.map(({ name, settings }) => ({ name, settings })),
  packages: packagesOf(rivals),
  tables,
  data: { stepsPerMicrosecond: rate, runs: runs.map(({ workers, points }) => ({ workers, points })) },
  plots: {
    '': plot(
      runs.map((run) => ({
        title: `${run.workers} worker${run.workers === 1 ? '' : 's'}`,
        x: 'length of a task, µs',
        y: 'efficiency, %',
        yMax: 100,
        series: shown.map((name) => ({
          name,
          points: run.points.map(({ length, efficiency }) => [
            length,
            Number((efficiency[name].median * 100).toFixed(1)),
          ]),
        })),
      })),
    ),
  },
});
