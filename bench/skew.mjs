import { benchOptions, progress } from './lib/cli.mjs';
import { figure, withSpread } from './lib/format.mjs';
import { openLoop, SERVICE, workload } from './lib/open-loop.mjs';
import { plot } from './lib/plot.mjs';
import { write } from './lib/report.mjs';
import { closeRivals, packagesOf, startRivals } from './lib/rivals.mjs';
import { interleave } from './lib/rounds.mjs';
import { spread } from './lib/stats.mjs';

/** How long requests wait when a few of them are a hundred times as long as the others. */

const WORKERS = 8;
const SIMULATION = 'central queue, simulated';

const options = benchOptions();
const rounds = options.rounds(3, 1);
const count = options.quick ? 1_500 : 8_000;
const loads = [0.7, 0.9];
const names = options.rivals([
  'leastwork',
  'piscina',
  'piscina-concurrent',
  'tinypool',
  'workerpool',
  'poolifier',
  'poolifier-queue',
  'postmessage',
]);

const rivals = await startRivals(names, WORKERS);
const runs = [];
for (const load of loads) {
  const samples = await interleave(rivals, rounds, (rival, round) => {
    progress(`load ${load}, round ${round + 1}: ${rival.name}`);
    return openLoop(rival, workload({ seed: 1_000 + round, count, load, workers: WORKERS }), WORKERS);
  });
  runs.push({ load, samples });
}
await closeRivals(rivals);

/**
 * @param {import('./lib/open-loop.mjs').OpenLoopResult[]} of
 * @param {(result: import('./lib/open-loop.mjs').OpenLoopResult) => number} value
 */
const over = (of, value) => spread(of.map(value));

const tables = runs.map(({ load, samples }) => {
  const all = [...samples.values()].flat();
  return {
    title: `load ${load}: slowdown, median of the rounds (min–max)`,
    head: ['', 'mean', 'p99', 'mean / simulation', 'p99 / simulation', 'real load', 'submitted late by, ms'],
    rows: [
      ...[...samples].map(([rival, results]) => [
        rival.name,
        withSpread(over(results, (result) => result.mean)),
        withSpread(over(results, (result) => result.p99)),
        withSpread(over(results, (result) => result.mean / result.simulatedMean)),
        withSpread(over(results, (result) => result.p99 / result.simulatedP99)),
        figure(over(results, (result) => result.load).median),
        figure(over(results, (result) => result.late).median),
      ]),
      [
        SIMULATION,
        withSpread(over(all, (result) => result.simulatedMean)),
        withSpread(over(all, (result) => result.simulatedP99)),
        '1',
        '1',
        figure(over(all, (result) => result.load).median),
        '–',
      ],
    ],
  };
});

/** @param {'mean' | 'p99'} key */
const bars = (key) =>
  /** @type {import('./lib/plot.mjs').Panel} */ ({
    title: `${key} slowdown`,
    x: 'load',
    y: 'time in system / service time',
    xType: 'category',
    yType: 'log',
    categories: loads.map(String),
    series: [
      ...rivals.map((rival) => ({
        name: rival.name,
        points: runs.map(({ load, samples }) => [
          String(load),
          over(samples.get(rival), (result) => result[key]).median,
        ]),
      })),
      {
        name: SIMULATION,
        points: runs.map(({ load, samples }) => [
          String(load),
          over([...samples.values()].flat(), (result) =>
            key === 'mean' ? result.simulatedMean : result.simulatedP99,
          ).median,
        ]),
      },
    ],
  });

write({
  name: 'skew',
  title: 'Skew: short requests among long ones',
  method:
    `Open loop: ${figure(count)} Poisson arrivals a round, bounded-Pareto service times (shape ${SERVICE.shape}, ${SERVICE.low}–${SERVICE.high} ms, mean 5.1 ms), ${WORKERS} workers whose task blocks without ` +
    'using the CPU. Slowdown = time in system / service time, from the real submission and with the service time that the worker measured. The simulation is an exact central queue ' +
    '(first in first out, hand-over for nothing) on the same submissions and service times; each rival is compared with the simulation of its own round. Each round has its own seed, the ' +
    'same for all rivals.',
  quick: options.quick,
  rounds,
  rivals: rivals.map(({ name, settings }) => ({ name, settings })),
  packages: packagesOf(rivals),
  tables,
  data: runs.map(({ load, samples }) => ({
    load,
    results: Object.fromEntries([...samples].map(([rival, results]) => [rival.name, results])),
  })),
  plots: { '': plot([bars('mean'), bars('p99')], 'bar') },
});
