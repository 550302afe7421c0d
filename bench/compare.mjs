import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { progress } from './lib/cli.mjs';
import { figure } from './lib/format.mjs';
import { write } from './lib/report.mjs';
import { interleave } from './lib/rounds.mjs';
import { ratio, spread } from './lib/stats.mjs';

/**
 * `node bench/compare.mjs FOLDER [--rounds N] [--workers 1,2] [--quick]`: whether a change has made the hot
 * path slower. The other build, in `FOLDER/dist`, and this one take turns, each reading in a fresh process.
 */

const CASES = [
  'burst',
  'closed loop of 64',
  'one at a time',
  'tasks of 1 µs',
  'tasks of 5 µs',
  'tasks of 20 µs',
  'first result, import included',
];
const FIRST = CASES[CASES.length - 1];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    workers: { type: 'string', default: '1,2' },
    quick: { type: 'boolean', default: false },
  },
});
if (positionals.length !== 1) {
  process.stderr.write('usage: node bench/compare.mjs FOLDER, where FOLDER/dist is another build\n');
  process.exit(2);
}
const before = path.resolve(positionals[0]);
const now = fileURLToPath(new URL('..', import.meta.url));
const rounds = Number(values.rounds ?? (values.quick ? 3 : 15));
const child = fileURLToPath(new URL('./lib/children/hot-path.mjs', import.meta.url));
const run = promisify(execFile);

const contestants = values.workers
  .split(',')
  .map(Number)
  .flatMap((workers) => CASES.flatMap((what) => [before, now].map((folder) => ({ workers, what, folder }))));

progress(`${contestants.length} readings a round, ${rounds} rounds`);
const samples = await interleave(contestants, rounds, async ({ workers, what, folder }) => {
  const { stdout } = await run(process.execPath, [child, folder, String(workers), what]);
  return JSON.parse(stdout).result;
});

/** @param {{ workers: number, what: string }} of @param {string} folder */
const spreadOf = ({ workers, what }, folder) =>
  spread(
    samples.get(
      contestants.find((one) => one.workers === workers && one.what === what && one.folder === folder),
    ),
  );
const data = contestants
  .filter(({ folder }) => folder === now)
  .map((one) => {
    const [old, fresh] = [spreadOf(one, before), spreadOf(one, now)];
    // Above 1: this build is faster.
    const gain = one.what === FIRST ? ratio(old, fresh) : ratio(fresh, old);
    return { workers: one.workers, what: one.what, before: old, now: fresh, gain };
  });

write({
  name: 'compare',
  title: 'The hot path, before and after',
  method:
    'Another build of this library and this one, by turns, each reading in a fresh process: thousands of requests per second, or ms to the first result. Ratio above 1: this build is faster; median and quartiles of the ratios of each round.',
  quick: values.quick,
  rounds,
  rivals: [],
  packages: [],
  tables: [
    {
      title: 'Before and after',
      head: ['', 'workers', 'before', 'now', 'ratio', 'quartiles'],
      rows: data.map(({ what, workers, before: old, now: fresh, gain }) => [
        what,
        workers,
        figure(old.median),
        figure(fresh.median),
        gain.median.toFixed(3),
        `${gain.q1.toFixed(2)}–${gain.q3.toFixed(2)}`,
      ]),
    },
  ],
  data,
});
