import { stepsPerMicrosecond } from './lib/calibrate.mjs';
import { benchOptions, progress } from './lib/cli.mjs';
import { write } from './lib/report.mjs';
import { closeRivals, packagesOf, startRivals } from './lib/rivals.mjs';
import { interleave } from './lib/rounds.mjs';
import { quantile, spread } from './lib/stats.mjs';

/** What does a request wait while another client's requests kill their threads, one after the other? */

const WORKERS = 2;
const LENGTH = 1_000;
const PAUSE_MS = 5;

const options = benchOptions();
const rounds = options.rounds(5, 2);
const duration = options.quick ? 1_000 : 3_000;
const names = options.rivals(['leastwork', 'piscina']);
const steps = Math.round(LENGTH * stepsPerMicrosecond());

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** One client that crashes threads as fast as it can, and a good one, which pauses between its requests. */
async function runBoth(/** @type {import('./lib/adapters/rival.mjs').Rival} */ rival) {
  const end = performance.now() + duration;
  let crashes = 0;
  const crash = async () => {
    while (performance.now() < end) {
      await rival.run('crash', undefined).catch(() => {});
      crashes++;
    }
  };
  /** @type {number[]} */
  const times = [];
  let failed = 0;
  const work = async () => {
    while (performance.now() < end) {
      const start = performance.now();
      try {
        await rival.run('spin', steps);
      } catch {
        failed++;
      }
      times.push(performance.now() - start);
      await pause(PAUSE_MS);
    }
  };
  await Promise.all([crash(), work()]);
  times.sort((a, b) => a - b);
  return { crashes, failed, times };
}

const rivals = await startRivals(names, WORKERS);
progress(`${WORKERS} workers, one client that crashes, one good client`);
const samples = await interleave(rivals, rounds, (rival) => runBoth(rival));
await closeRivals(rivals);

const rows = rivals.map((rival) => {
  const all = /** @type {Awaited<ReturnType<typeof runBoth>>[]} */ (samples.get(rival));
  const sorted = Float64Array.from(all.flatMap(({ times }) => times)).sort();
  const ms = (/** @type {number} */ q) => quantile(sorted, q).toFixed(1);
  return {
    name: rival.name,
    cells: [
      ms(0.5),
      ms(0.99),
      ms(1),
      sorted.length,
      all.reduce((sum, { failed }) => sum + failed, 0),
      Math.round(spread(all.map(({ crashes }) => (crashes / duration) * 1_000)).median),
    ],
    p99: spread(all.map(({ times }) => quantile(times, 0.99))),
  };
});

write({
  name: 'crashing',
  title: 'Crashing: a good client beside one whose requests kill their threads',
  method:
    `${WORKERS} workers. One client submits a task that calls \`process.exit(1)\`, again and again; another one tasks of ${LENGTH} µs, ` +
    `${PAUSE_MS} ms after the end of the one before. Time from the call to the promise, of the good client.`,
  quick: options.quick,
  rounds,
  rivals: rivals.map(({ name, settings }) => ({ name, settings })),
  packages: packagesOf(rivals),
  tables: [
    {
      title: 'The good client',
      head: ['', 'p50, ms', 'p99, ms', 'longest, ms', 'requests', 'failed', 'crashes per s'],
      rows: rows.map(({ name, cells }) => [name, ...cells]),
    },
  ],
  data: { workers: WORKERS, length: LENGTH, pause: PAUSE_MS, duration, rows },
});
