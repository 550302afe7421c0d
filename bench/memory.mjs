import { execFile } from 'node:child_process';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { benchOptions, progress } from './lib/cli.mjs';
import { figure, withSpread } from './lib/format.mjs';
import { write } from './lib/report.mjs';
import { packagesOf } from './lib/rivals.mjs';
import { interleave } from './lib/rounds.mjs';
import { spread } from './lib/stats.mjs';

/**
 * What waiting requests hold, and how soon a new pool answers. Each reading in a process of its own, so that
 * none inherits another's heap.
 */

const options = benchOptions();
const heapRounds = options.rounds(3, 2);
const startRounds = options.rounds(15, 3);
const requests = options.quick ? 20_000 : 30_000;
const counts = [...new Set(options.workers([1, os.availableParallelism()]))];
const names = options.rivals([
  'leastwork',
  'piscina',
  'tinypool',
  'workerpool',
  'poolifier',
  'poolifier-queue',
  'postmessage',
]);

/**
 * @param {string} script
 * @param {string[]} args
 */
async function inChild(script, ...args) {
  const path = fileURLToPath(new URL(`./lib/children/${script}.mjs`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [path, ...args]);
  return JSON.parse(stdout);
}

const contestants = [];
for (const adapter of names) {
  const { create } = await import(`./lib/adapters/${adapter}.mjs`);
  contestants.push({ adapter, ...create() });
}

progress(`heap of ${requests} queued requests`);
const heap = await interleave(contestants, heapRounds, ({ adapter }) =>
  inChild('heap', adapter, String(requests)),
);

const firsts = [];
for (const workers of counts) {
  progress(`first result, ${workers} workers`);
  firsts.push({
    workers,
    samples: await interleave(contestants, startRounds, ({ adapter }) =>
      inChild('first-result', adapter, String(workers)),
    ),
  });
}

/**
 * @param {string} title
 * @param {'first' | 'loaded'} key
 */
const firstTable = (title, key) => ({
  title,
  head: ['', ...firsts.map(({ workers }) => `${workers} worker${workers === 1 ? '' : 's'}`)],
  rows: contestants.map((contestant) => [
    contestant.name,
    ...firsts.map(({ samples }) =>
      withSpread(spread(samples.get(contestant).map((reading) => reading[key]))),
    ),
  ]),
});

/**
 * @param {(typeof contestants)[number]} contestant
 * @param {string} key
 */
const bytes = (contestant, key) => spread(heap.get(contestant).map((reading) => reading[key]));

write({
  name: 'memory',
  title: 'Memory of a queued request, and time to the first result',
  method:
    `One worker is held while ${figure(requests)} no-ops are submitted; bytes of the main thread's heap after collecting garbage, per request, the caller's promise included. “Outside” are ` +
    'buffers outside the heap; “resident” is what the process has grown by, messages in ports and the threads included; “left” is the heap that is not given back when all are done. The first result is the time from ' +
    'making the pool to the first no-op’s result, without and with the load of the library. A fresh process for each reading.',
  quick: options.quick,
  rounds: heapRounds,
  rivals: contestants.map(({ name, settings }) => ({ name, settings })),
  packages: packagesOf(contestants),
  tables: [
    {
      title: 'Bytes per queued request: median (min–max)',
      head: ['', 'heap', 'outside', 'resident', 'left'],
      rows: contestants.map((contestant) => [
        contestant.name,
        ...['heap', 'outside', 'resident', 'left'].map((key) => withSpread(bytes(contestant, key))),
      ]),
    },
    firstTable('First result, ms: median (min–max)', 'first'),
    firstTable('First result, the load of the library included, ms: median (min–max)', 'loaded'),
  ],
  data: {
    heap: Object.fromEntries([...heap].map(([{ name }, readings]) => [name, readings])),
    firstResult: firsts.map(({ workers, samples }) => ({
      workers,
      ...Object.fromEntries(
        [
          ['ms', 'first'],
          ['withLoadMs', 'loaded'],
        ].map(([name, key]) => [
          name,
          Object.fromEntries(
            [...samples].map(([rival, readings]) => [
              rival.name,
              spread(readings.map((/** @type {any} */ reading) => reading[key])),
            ]),
          ),
        ]),
      ),
    })),
  },
});
