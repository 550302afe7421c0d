import os from 'node:os';
import { benchOptions, progress } from './lib/cli.mjs';
import { figure, withSpread } from './lib/format.mjs';
import { closedLoop, countFor } from './lib/loops.mjs';
import { write } from './lib/report.mjs';
import { closeRivals, packagesOf, startRivals } from './lib/rivals.mjs';
import { interleave } from './lib/rounds.mjs';
import { ratio, spread } from './lib/stats.mjs';
import { warmUpOf } from './lib/warm.mjs';

/**
 * What it costs to carry values both ways: objects as JSON-like trees, there and back; and bytes as results.
 */

const OUTSTANDING = { requests: 64, bytes: 8 * 2 ** 20 };

const options = benchOptions();
const rounds = options.rounds(5, 2);
const budget = options.quick ? 50 : 200;
const [workers] = options.workers([os.availableParallelism()]);
const names = options.rivals(['leastwork', 'piscina', 'tinypool', 'workerpool', 'poolifier', 'postmessage']);

/**
 * A tree whose JSON has about so many bytes.
 * @param {number} size
 */
function treeOf(size) {
  const node = (/** @type {number} */ id, /** @type {any[]} */ children) => ({
    id,
    name: `node ${id}`,
    tags: ['red', 'green', 'blue'],
    values: [id, id / 3, -id],
    children,
  });
  const each = JSON.stringify(node(100, [])).length;
  const count = Math.max(1, Math.round(size / each));
  let next = 1;
  const build = (/** @type {number} */ nodes) => {
    const children = [];
    const id = next++;
    for (let left = nodes - 1; left > 0; ) {
      const share = Math.min(left, Math.max(1, Math.ceil((nodes - 1) / 4)));
      children.push(build(share));
      left -= share;
    }
    return node(id, children);
  };
  return build(count);
}

/** @param {number} size */
const sizeName = (size) => (size >= 2 ** 20 ? `${size / 2 ** 20} MB` : `${size / 1_024} KB`);

const all = [
  ...[1_024, 10_240, 102_400].map((size) => ({
    label: `objects of ${sizeName(size)}, both ways`,
    task: 'mapTree',
    arg: /** @type {unknown} */ (treeOf(size)),
    size: 2 * size,
  })),
  ...[65_536, 1_048_576].map((size) => ({
    label: `results of ${sizeName(size)}`,
    task: 'produce',
    arg: /** @type {unknown} */ (size),
    size,
  })),
];
const cases = options.cases(all, ({ label }) => label);

const rivals = await startRivals(names, workers);
const warmUp = await warmUpOf(rivals, workers);
const measured = [];
for (const { label, task, arg, size } of cases) {
  progress(label);
  const outstanding =
    workers * Math.max(2, Math.min(OUTSTANDING.requests, Math.floor(OUTSTANDING.bytes / size)));
  const run = (/** @type {import('./lib/adapters/rival.mjs').Rival} */ rival, /** @type {number} */ count) =>
    closedLoop(rival, task, arg, count, outstanding);
  const counts = new Map();
  for (const rival of rivals) {
    counts.set(rival.name, await countFor((count) => run(rival, count), budget, outstanding));
  }
  const samples = await interleave(
    rivals,
    rounds,
    async (/** @type {import('./lib/adapters/rival.mjs').Rival} */ rival) => {
      const count = counts.get(rival.name);
      return (1_000 * count) / (await run(rival, count));
    },
    {
      // No-ops alone would leave the code cold that this case takes.
      warmUp: async (rival) => {
        await warmUp(rival);
        await run(rival, counts.get(rival.name));
      },
    },
  );
  const rate = Object.fromEntries([...samples].map(([rival, of]) => [rival.name, spread(of)]));
  measured.push({ label, outstanding, rate });
}
await closeRivals(rivals);
const labels = all.map(({ label }) => label);
const results = options.withKept('payloads', measured, labels, ({ label }) => label);

const shown = rivals.map(({ name }) => name);
const others = shown.filter((name) => name !== 'leastwork');

/** @param {(typeof measured)[number]} result */
function againstBest({ rate }) {
  if (rate.leastwork === undefined || others.length === 0) return '–';
  const best = others.reduce((a, b) => (rate[b].median > rate[a].median ? b : a));
  return `${withSpread(ratio(rate.leastwork, rate[best]))} of ${best}`;
}

write({
  name: 'payloads',
  title: 'Payloads: objects there and back, bytes as results',
  method:
    `A closed loop, ${workers} workers, at most ${OUTSTANDING.requests} requests or ${OUTSTANDING.bytes / 2 ** 20} MB a worker at a time. ` +
    'Objects are trees of nodes with numbers, strings and lists; the task gives a changed copy back. Requests a second.',
  quick: options.quick,
  isPart: options.isPart,
  rounds,
  rivals: rivals.map(({ name, settings }) => ({ name, settings })),
  packages: packagesOf(rivals),
  tables: [
    {
      title: 'Requests a second, median (min–max)',
      head: ['', ...shown, 'leastwork ÷ the best other'],
      rows: results.map((result) => [
        result.label,
        ...shown.map((name) => figure(result.rate[name].median)),
        againstBest(result),
      ]),
    },
  ],
  data: { results },
});
