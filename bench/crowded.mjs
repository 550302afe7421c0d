import os from 'node:os';
import { benchOptions, progress } from './lib/cli.mjs';
import { figure, percent, withSpread } from './lib/format.mjs';
import { burst, closedLoop } from './lib/loops.mjs';
import { plot } from './lib/plot.mjs';
import { write } from './lib/report.mjs';
import { closeRivals, packagesOf, startRivals } from './lib/rivals.mjs';
import { interleave } from './lib/rounds.mjs';
import { ratio, spread } from './lib/stats.mjs';

/**
 * More workers than cores: what a burst of no-ops costs as workers grow, and how well workers are kept busy
 * by tasks that block.
 */

const BLOCK_MS = 2;

const options = benchOptions();
const rounds = options.rounds(5, 2);
const cores = os.availableParallelism();
const workerCounts = options.workers(options.quick ? [1, cores, 8 * cores] : [1, 2, 4, 8, 16, 32, 64]);
const count = options.quick ? 20_000 : 100_000;
const names = options.rivals(['leastwork', 'piscina', 'tinypool']);

/** @typedef {{ rate: number, efficiency: number, cost: number }} Sample */
/** Of one kind of pool with one number of workers. */
const contestants = [];
for (const name of names)
  for (const workers of workerCounts) contestants.push({ name, workers, title: `${name}, ${workers}` });

const shown = [];
/** @param {{ name: string, workers: number }} contestant */
async function measure({ name, workers }) {
  const [rival] = await startRivals([name], workers);
  if (!shown.some((known) => known.name === name)) shown.push(rival);
  // First, since it needs all threads: none of them still comes up during the burst.
  const blocking = 50 * workers;
  await closedLoop(rival, 'block', BLOCK_MS, 10 * workers, 4 * workers);
  const loop = performance.eventLoopUtilization();
  let blocked = 0;
  const timed = {
    .../** @type {any} */ (rival),
    run: (/** @type {string} */ task, /** @type {unknown} */ arg) =>
      rival.run(task, arg).then((time) => {
        blocked += time;
      }),
  };
  const time = await closedLoop(timed, 'block', BLOCK_MS, blocking, 4 * workers);
  const { active } = performance.eventLoopUtilization(loop);
  // Twice, for code to be compiled.
  const few = name === 'leastwork' ? count : count / 10;
  for (let i = 0; i < 2; i++) await burst(rival, 'noop', undefined, few);
  const rate = few / (await burst(rival, 'noop', undefined, few));
  await closeRivals([rival]);
  return { rate, efficiency: blocked / (workers * time), cost: (1_000 * active) / blocking };
}

progress(`${contestants.length} pools, ${rounds} rounds`);
const samples = await interleave(contestants, rounds, measure);
const of = (/** @type {string} */ name, /** @type {number} */ workers, /** @type {keyof Sample} */ key) => {
  const contestant = contestants.find((one) => one.name === name && one.workers === workers);
  return spread(samples.get(contestant).map((sample) => sample[key]));
};
const data = names.flatMap((name) => {
  const best = workerCounts.reduce((a, b) =>
    of(name, b, 'rate').median > of(name, a, 'rate').median ? b : a,
  );
  return workerCounts.map((workers) => ({
    name,
    workers,
    rate: of(name, workers, 'rate'),
    share: ratio(of(name, workers, 'rate'), of(name, best, 'rate')),
    efficiency: of(name, workers, 'efficiency'),
    cost: of(name, workers, 'cost'),
  }));
});
const row = (/** @type {string} */ name, /** @type {(one: (typeof data)[number]) => string} */ cell) => [
  name,
  ...workerCounts.map((workers) => cell(data.find((one) => one.name === name && one.workers === workers))),
];
const head = ['', ...workerCounts.map((workers) => `${workers} worker${workers === 1 ? '' : 's'}`)];

write({
  name: 'crowded',
  title: 'Crowded: more workers than cores',
  method:
    `A burst of no-ops on ${cores} cores, after two that warm up; and, before that, tasks that block for ${BLOCK_MS} ms, in a closed loop of 4 a worker: efficiency = time blocked / (workers × wall time), ` +
    'and the time that the event loop of the main thread is active, for each of them. Each measurement has a pool of its own.',
  quick: options.quick,
  rounds,
  rivals: shown.map(({ name, settings }) => ({ name, settings })),
  packages: packagesOf(shown),
  tables: [
    {
      title: 'Burst of no-ops: k/s, median (min–max)',
      head,
      rows: names.map((name) => row(name, ({ rate }) => withSpread(rate))),
    },
    {
      title: 'The same, as a share of the best number of workers',
      head,
      rows: names.map((name) => row(name, ({ share }) => percent(share.median))),
    },
    {
      title: `Tasks that block for ${BLOCK_MS} ms: efficiency`,
      head,
      rows: names.map((name) => row(name, ({ efficiency }) => percent(efficiency.median))),
    },
    {
      title: 'The same: main thread, µs a request',
      head,
      rows: names.map((name) => row(name, ({ cost }) => figure(cost.median))),
    },
  ],
  data,
  plots: {
    '': plot([
      {
        title: 'Burst of no-ops',
        x: 'workers',
        y: 'k/s',
        yType: 'log',
        xType: 'category',
        categories: workerCounts.map(String),
        series: names.map((name) => ({
          name,
          points: workerCounts.map((workers) => [String(workers), of(name, workers, 'rate').median]),
        })),
      },
    ]),
  },
});
