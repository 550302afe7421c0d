import os from 'node:os';
import { inlineLength, stepsPerMicrosecond } from './lib/calibrate.mjs';
import { benchOptions, progress } from './lib/cli.mjs';
import { figure, percent, withSpread } from './lib/format.mjs';
import { closedLoop, countFor } from './lib/loops.mjs';
import { plot } from './lib/plot.mjs';
import { write } from './lib/report.mjs';
import { closeRivals, packagesOf, startRivals } from './lib/rivals.mjs';
import { interleave } from './lib/rounds.mjs';
import { spread } from './lib/stats.mjs';

/**
 * Throughput over the number of workers: how far one main thread can feed them. Meant for a machine with many
 * cores; on few it still shows the first steps.
 */

const OUTSTANDING_PER_WORKER = 64;

const options = benchOptions();
const rounds = options.rounds(5, 2);
const budget = options.quick ? 40 : 200;
const cores = os.availableParallelism();
const workerCounts = options.workers(upTo(cores));
/** In µs; 0 is the no-op. */
const lengths = options.quick ? [0, 100] : [0, 10, 100, 1_000];
const names = options.rivals(['leastwork', 'piscina', 'tinypool', 'workerpool', 'poolifier', 'postmessage']);
const rate = stepsPerMicrosecond();

/**
 * 1, 2, 4 … and the last.
 * @param {number} most
 */
function upTo(most) {
  const counts = [];
  for (let count = 1; count < most; count *= 2) counts.push(count);
  return [...counts, most];
}

/** @param {number} length */
const lengthName = (length) => (length === 0 ? 'no-op' : `${figure(length)} µs`);

const runs = [];
let shown;
for (const workers of workerCounts) {
  const rivals = await startRivals(names, workers);
  shown ??= rivals;
  for (const length of lengths) {
    progress(`${workers} workers: ${lengthName(length)}`);
    const steps = Math.round(length * rate);
    const run = (
      /** @type {import('./lib/adapters/rival.mjs').Rival} */ rival,
      /** @type {number} */ count,
    ) => closedLoop(rival, length === 0 ? 'noop' : 'spin', steps, count, OUTSTANDING_PER_WORKER * workers);
    const counts = new Map();
    for (const rival of rivals) {
      counts.set(
        rival,
        await countFor((count) => run(rival, count), budget, OUTSTANDING_PER_WORKER * workers),
      );
    }
    /** @type {number[]} */
    const inlineOf = [];
    const samples = await interleave(rivals, rounds, async (rival, round) => {
      if (length > 0) inlineOf[round] ??= inlineLength(steps, length, budget / 4);
      const count = counts.get(rival);
      const rate = count / (await run(rival, count));
      return { rate, efficiency: length > 0 ? (rate * inlineOf[round]) / 1_000 / workers : undefined };
    });
    runs.push({
      workers,
      length,
      rate: Object.fromEntries(
        [...samples].map(([rival, of]) => [rival.name, spread(of.map(({ rate }) => rate))]),
      ),
      efficiency:
        length > 0
          ? Object.fromEntries(
              [...samples].map(([rival, of]) => [rival.name, spread(of.map(({ efficiency }) => efficiency))]),
            )
          : undefined,
    });
  }
  await closeRivals(rivals);
}

const of = (/** @type {number} */ length) => runs.filter((run) => run.length === length);

write({
  name: 'scaling',
  title: 'Scaling: throughput over the number of workers',
  method:
    `A closed loop of ${OUTSTANDING_PER_WORKER} requests per worker; no-ops, and calibrated tasks as in the granularity benchmark. Thousand tasks a second, and for the calibrated ones the efficiency: work / ` +
    `(workers × wall time). The main thread needs a core of its own when all ${cores} have a worker.`,
  quick: options.quick,
  rounds,
  rivals: shown.map(({ name, settings }) => ({ name, settings })),
  packages: packagesOf(shown),
  tables: lengths.flatMap((length) => [
    {
      title: `${lengthName(length)}: k/s, median (min–max)${length > 0 ? '; efficiency' : ''}`,
      head: ['', ...workerCounts.map((workers) => `${workers} worker${workers === 1 ? '' : 's'}`)],
      rows: shown.map(({ name }) => [
        name,
        ...of(length).map(
          ({ rate, efficiency }) =>
            withSpread(rate[name]) + (efficiency ? `; ${percent(efficiency[name].median)}` : ''),
        ),
      ]),
    },
  ]),
  data: { stepsPerMicrosecond: rate, runs },
  plots: {
    '': plot(
      lengths.map((length) => ({
        title: lengthName(length),
        x: 'workers',
        y: 'k/s',
        yType: 'log',
        xType: 'category',
        categories: workerCounts.map(String),
        series: shown.map(({ name }) => ({
          name,
          points: of(length).map(({ workers, rate }) => [String(workers), rate[name].median]),
        })),
      })),
    ),
  },
});
