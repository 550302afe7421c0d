import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Balancer } from 'leastwork';
import { bareThreads } from './lib/bare-threads.mjs';
import { stepsPerMicrosecond } from './lib/calibrate.mjs';
import { benchOptions, progress } from './lib/cli.mjs';
import { figure, withSpread } from './lib/format.mjs';
import { givenLines } from './lib/given-lines.mjs';
import { write } from './lib/report.mjs';
import { interleave } from './lib/rounds.mjs';
import { ratio, spread } from './lib/stats.mjs';

/**
 * What `map` gains or costs for items that are cheap: against loops on the main thread, all in one process.
 */

const options = benchOptions();
const rounds = options.rounds(5, 2);
const [workers] = options.workers([2]);
const steps = Math.round(stepsPerMicrosecond());

/** JSON of 150 bytes. */
function line(/** @type {number} */ id) {
  const record = { id, name: `user${id}`, tags: ['a', 'b', 'c'], score: id / 7, ok: true, pad: '' };
  record.pad = 'x'.repeat(Math.max(0, 150 - JSON.stringify(record).length));
  return JSON.stringify(record);
}

/** @param {number} count @param {(n: number) => unknown} of */
const items = (count, of) => Array.from({ length: options.quick ? count / 10 : count }, (_, n) => of(n));

/** The item is the number of steps. */
function spin(/** @type {number} */ count) {
  let x = 1;
  for (let i = 0; i < count; i++) x = (Math.imul(x, 48_271) + i) | 0;
  return x;
}

/**
 * `loop`: what the goal is measured against; `awaits` whether it awaits each result.
 * @type {{ name: string, items: unknown[], task: (item: any) => unknown, awaits: boolean, goal?: number }[]}
 */
const all = [
  {
    name: 'JSONL, 150 bytes: JSON.parse and one field',
    items: items(200_000, line),
    task: (text) => JSON.parse(text).id,
    awaits: false,
    goal: 0.65,
  },
  { name: 'no-op, numbers', items: items(200_000, (n) => n), task: (n) => n, awaits: true, goal: 1.5 },
  {
    name: 'no-op, objects',
    items: items(100_000, (n) => ({ id: n, name: `user${n}`, ok: true })),
    task: (record) => record.id,
    awaits: true,
  },
  { name: '1 µs', items: items(200_000, () => steps), task: spin, awaits: false },
  { name: '20 µs', items: items(20_000, () => 20 * steps), task: spin, awaits: false },
  { name: '1 ms', items: items(500, () => 1_000 * steps), task: spin, awaits: false },
];
const cases = options.cases(all, ({ name }) => name);

const balancer = new Balancer({ workers });
const BARE = 'bare threads';
/** @type {Awaited<ReturnType<typeof bareThreads>> | undefined} */
let bare;
const GIVEN = 'bare threads, given the lines';
const LOOPED = `${GIVEN}, for await`;
/** @type {Awaited<ReturnType<typeof givenLines>> | undefined} */
let given;
/** @param {string} name */
const isBare = (name) => name === BARE || name === GIVEN || name === LOOPED;

/** @param {AsyncIterable<unknown>} values */
async function drain(values) {
  let count = 0;
  for await (const _ of values) count++;
  return count;
}

/**
 * How long the event loop takes for its turns: intervals of a timer of 1 ms meanwhile, in ms.
 * @param {() => unknown} run
 */
async function turnsOf(run) {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  await run();
  histogram.disable();
  return { p99: histogram.percentile(99) / 1e6, max: histogram.max / 1e6 };
}

/** @type {{ name: string, settings: string, run: (of: (typeof all)[number]) => unknown }[]} */
const contestants = [
  {
    name: 'loop',
    settings:
      'for (const item of items) last = task(item), on the main thread; for the no-ops: for await (const item of items) last = await task(item)',
    run: async ({ items, task, awaits }) => {
      let last;
      if (awaits) for await (const item of items) last = await task(item);
      else for (const item of items) last = task(item);
      return last;
    },
  },
  {
    name: 'map',
    settings: 'for await of map(items, task)',
    run: ({ items, task }) => drain(balancer.map(items, task)),
  },
  {
    name: 'map, unordered',
    settings: '{ ordered: false }',
    run: ({ items, task }) => drain(balancer.map(items, task, { ordered: false })),
  },
  {
    name: 'mapSettled',
    settings: 'for await of mapSettled(items, task)',
    run: ({ items, task }) => drain(balancer.mapSettled(items, task)),
  },
  {
    name: 'map, one by one',
    settings: '{ batch: 1 }',
    run: ({ items, task }) => drain(balancer.map(items, task, { batch: 1 })),
  },
  {
    name: BARE,
    settings: `${workers} threads that hold equal shares of the items already, and give no results: what the machine has to give`,
    run: () => bare?.run(),
  },
  {
    name: GIVEN,
    settings: `${workers} threads to which the main thread copies the lines, and which give integers; it blocks meanwhile`,
    run: () => given?.run(),
  },
  {
    name: LOOPED,
    settings: 'the same, the integers taken in order by a for await',
    run: () => given && drain(given.values()),
  },
];

const measured = [];
for (const each of cases) {
  progress(each.name);
  bare = await bareThreads(workers, each.items, each.task);
  const areLines = typeof each.items[0] === 'string';
  if (areLines) given = await givenLines(workers, /** @type {string[]} */ (each.items), each.task);
  const entrants = contestants.filter(({ name }) => (name !== GIVEN && name !== LOOPED) || areLines);
  for (const { run } of entrants) await run(each);
  const samples = await interleave(entrants, rounds, async ({ run }) => {
    const start = performance.now();
    await run(each);
    return performance.now() - start;
  });
  await bare.end();
  if (areLines) await given?.end();
  const turns = new Map();
  for (const { name, run } of contestants.slice(1).filter(({ name }) => !isBare(name)))
    turns.set(name, await turnsOf(() => run(each)));
  const times = new Map([...samples].map(([{ name }, values]) => [name, spread(values)]));
  measured.push({
    name: each.name,
    count: each.items.length,
    goal: each.goal,
    times: Object.fromEntries(times),
    turns: Object.fromEntries(turns),
  });
}
await balancer.close();
const labels = all.map(({ name }) => name);
const results = options.withKept('map', measured, labels, ({ name }) => name);

const names = contestants.map(({ name }) => name);
const [loop, ...others] = names;
const ours = others.filter((name) => !isBare(name));
write({
  name: 'map',
  title: 'Map: many cheap items',
  method: `Items in an array, results taken by a \`for await\` that only counts them; ${workers} workers and the main thread. No way of sharing the work is faster than “${BARE}”: two of a virtual machine's cores may be one core's two threads, and then give far less than twice as much.`,
  quick: options.quick,
  isPart: options.isPart,
  rounds,
  rivals: contestants,
  packages: [],
  tables: [
    {
      title: 'Time in relation to the loop on the main thread (median, least to greatest)',
      head: ['items', 'wanted', ...others],
      rows: results.map(({ name, goal, times }) => [
        name,
        goal === undefined ? '' : `≤ ${goal}`,
        ...others.map((other) => (times[other] ? withSpread(ratio(times[other], times[loop])) : '')),
      ]),
    },
    {
      title: 'µs an item (median)',
      head: ['items', 'count', ...names],
      rows: results.map(({ name, count, times }) => [
        name,
        figure(count),
        ...names.map((each) => (times[each] ? figure((1_000 * times[each].median) / count) : '')),
      ]),
    },
    {
      title: 'Intervals of a 1 ms timer of the same program meanwhile, in ms: p99 (longest)',
      head: ['items', ...ours],
      rows: results.map(({ name, turns }) => [
        name,
        ...ours.map((each) => `${figure(turns[each].p99)} (${figure(turns[each].max)})`),
      ]),
    },
  ],
  data: results,
});
process.exit();
