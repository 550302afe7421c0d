import { inlineLength, stepsPerMicrosecond } from './lib/calibrate.mjs';
import { benchOptions, progress } from './lib/cli.mjs';
import { percent } from './lib/format.mjs';
import { closedLoop } from './lib/loops.mjs';
import { plot } from './lib/plot.mjs';
import { write } from './lib/report.mjs';
import { closeRivals, packagesOf, startRivals } from './lib/rivals.mjs';
import { interleave } from './lib/rounds.mjs';
import { median, spread } from './lib/stats.mjs';

/**
 * How much of a worker is used while the main thread has work of its own, as in a server: it is kept for B ms
 * at a time, with 1 ms in between.
 */

const OUTSTANDING = 256;
const FREE_MS = 1;
const LENGTH = 100;

const options = benchOptions();
const rounds = options.rounds(5, 2);
const busyTimes = options.quick ? [0, 5] : [0, 1, 2, 5, 10];
const count = options.quick ? 1_000 : 2_500;
const names = options.rivals([
  'leastwork',
  'piscina',
  'piscina-concurrent',
  'tinypool',
  'workerpool',
  'poolifier',
  'postmessage',
]);
const steps = Math.round(LENGTH * stepsPerMicrosecond());

/** @param {number} ms */
function block(ms) {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/**
 * Keeps the main thread until the returned function is called.
 * @param {number} busy
 */
function keep(busy) {
  if (busy === 0) return () => {};
  const turns = setInterval(() => block(busy), busy + FREE_MS);
  return () => clearInterval(turns);
}

const rivals = await startRivals(names, 1);
const points = [];
for (const busy of busyTimes) {
  progress(`main thread busy for ${busy} ms of each ${busy + FREE_MS}`);
  /** @type {number[]} */
  const inlineOf = [];
  const samples = await interleave(rivals, rounds, async (rival, round) => {
    inlineOf[round] ??= inlineLength(steps, LENGTH, 50);
    const stop = keep(busy);
    // Not counted: whoever adapts has time to.
    await closedLoop(rival, 'spin', steps, 2 * OUTSTANDING, OUTSTANDING);
    const time = await closedLoop(rival, 'spin', steps, count, OUTSTANDING);
    stop();
    return (count * inlineOf[round]) / 1_000 / time;
  });
  points.push({
    busy,
    inline: median(inlineOf),
    efficiency: Object.fromEntries([...samples].map(([rival, values]) => [rival.name, spread(values)])),
  });
}
await closeRivals(rivals);

const shown = rivals.map(({ name }) => name);
write({
  name: 'busy',
  title: 'Busy: while the main thread has work of its own',
  method:
    `Tasks of ${LENGTH} µs, 1 worker, ${OUTSTANDING} requests at a time, while the caller's own code keeps the main thread for some ms, again and again, with ${FREE_MS} ms in between. ` +
    'Efficiency = work / (workers × wall time).',
  quick: options.quick,
  rounds,
  rivals: rivals.map(({ name, settings }) => ({ name, settings })),
  packages: packagesOf(rivals),
  tables: [
    {
      title: 'Efficiency by how long the main thread is kept at a time (median)',
      head: ['', ...points.map(({ busy }) => `${busy} ms`)],
      rows: shown.map((name) => [name, ...points.map(({ efficiency }) => percent(efficiency[name].median))]),
    },
  ],
  data: { length: LENGTH, free: FREE_MS, points },
  plots: {
    '': plot([
      {
        title: '1 worker, tasks of 100 µs',
        x: 'main thread kept for, ms',
        y: 'efficiency, %',
        xType: 'value',
        yMax: 100,
        series: shown.map((name) => ({
          name,
          points: points.map(({ busy, efficiency }) => [
            busy,
            Number((efficiency[name].median * 100).toFixed(1)),
          ]),
        })),
      },
    ]),
  },
});
