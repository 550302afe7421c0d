import os from 'node:os';
import { benchOptions, progress } from './lib/cli.mjs';
import { figure, percent } from './lib/format.mjs';
import { closedLoopOf, countFor } from './lib/loops.mjs';
import { plot } from './lib/plot.mjs';
import { write } from './lib/report.mjs';
import { closeRivals, packagesOf, startRivals } from './lib/rivals.mjs';
import { interleave } from './lib/rounds.mjs';
import { quantile, spread } from './lib/stats.mjs';
import { tasksByName } from './lib/tasks-by-name.mjs';
import { warmUpOf } from './lib/warm.mjs';

/**
 * Real work: digests of buffers that travel in three ways, and a password hash that hardly travels at all.
 *
 * @typedef {import('./lib/adapters/rival.mjs').Rival} Rival
 * @typedef {'cloned' | 'transferred' | 'shared'} Travel
 */

/**
 * Requests at a time for each worker: as many as in the other benchmarks, but fewer of those that hold much
 * memory.
 */
const OUTSTANDING = { requests: 64, bytes: 8 * 2 ** 20 };
/** Buffers that travel by transfer are made while the clock stands still: so many bytes at once. */
const PREPARED_BYTES = 128 * 2 ** 20;
const SCRYPT_COST = 4_096;
const BARE = 'bare threads';

const options = benchOptions();
const rounds = options.rounds(5, 2);
const budget = options.quick ? 50 : 200;
const [workers] = options.workers([os.availableParallelism()]);
/** The limit: every core does nothing but hash, and nothing travels. */
const parallelism = Math.min(workers, os.availableParallelism());
const sizes = options.quick ? [1_024, 65_536] : [1_024, 65_536, 1_048_576];
const algorithms = /** @type {const} */ (['sha256', 'blake2']);
/** @type {Travel[]} */
const travels = ['cloned', 'transferred', 'shared'];
const names = options.rivals(['leastwork', 'piscina', 'tinypool', 'workerpool', 'poolifier', 'postmessage']);

/**
 * @param {number} size
 * @param {Travel} [travel]
 */
function filled(size, travel) {
  return new Uint8Array(travel === 'shared' ? new SharedArrayBuffer(size) : new ArrayBuffer(size)).fill(7);
}

/** @param {number} size */
function outstanding(size) {
  return workers * Math.min(OUTSTANDING.requests, OUTSTANDING.bytes / Math.max(1, size));
}

/**
 * The submissions of one measurement. For a transfer each needs a buffer of its own.
 * @param {Rival} rival
 * @param {string} task
 * @param {number} size
 * @param {Travel} travel
 * @param {number} count
 * @returns {() => Promise<unknown>}
 */
function submissions(rival, task, size, travel, count) {
  if (travel === 'transferred') {
    const buffers = Array.from({ length: count }, () => filled(size));
    return () => {
      const bytes = buffers.pop();
      return rival.run(task, bytes, [/** @type {ArrayBuffer} */ (bytes.buffer)]);
    };
  }
  const bytes = filled(size, travel);
  return () => rival.run(task, bytes);
}

/**
 * Calls per ms on the main thread alone. The upper quartile of pieces of some ms: what else runs on the
 * machine only slows it.
 * @param {() => unknown} call
 */
function inlineRate(call) {
  const rates = [];
  const end = performance.now() + budget / 2;
  while (performance.now() < end || rates.length < 8) {
    let calls = 0;
    const start = performance.now();
    do {
      call();
      calls++;
    } while (performance.now() - start < 2);
    rates.push(calls / (performance.now() - start));
  }
  return quantile(Float64Array.from(rates).sort(), 0.75);
}

/**
 * The same call without a pool. What is transferred is new each time, so it comes from memory and not from
 * the core's cache.
 * @param {string} task
 * @param {number} size
 * @param {Travel} travel
 */
function inlineCall(task, size, travel) {
  if (size === 0) return () => tasksByName[task](SCRYPT_COST);
  const many = travel === 'transferred' ? Math.floor(PREPARED_BYTES / 2 / size) : 1;
  const buffers = Array.from({ length: many }, () => filled(size));
  let turn = 0;
  return () => tasksByName[task](buffers[turn++ % many]);
}

/**
 * Splits `count` calls into one task per thread: what these threads can do on this machine when no pool is in
 * between.
 * @param {Rival} threads
 * @param {string} task
 * @param {number} size
 * @param {Travel} travel
 * @param {number} count
 */
async function bareThreads(threads, task, size, travel, count) {
  const share = Math.ceil(count / workers);
  const many = travel === 'transferred' ? share : 1;
  const shares = Array.from({ length: workers }, () => {
    const buffers = size === 0 ? [] : Array.from({ length: many }, () => filled(size, travel));
    const args = size === 0 ? [SCRYPT_COST] : buffers;
    const transfer = travel === 'transferred' ? buffers.map(({ buffer }) => buffer) : [];
    return { arg: { task, args, count: share }, transfer: /** @type {ArrayBuffer[]} */ (transfer) };
  });
  const start = performance.now();
  await Promise.all(shares.map(({ arg, transfer }) => threads.run('hashMany', arg, transfer)));
  return ((performance.now() - start) * count) / (share * workers);
}

const rivals = await startRivals(names, workers);
const [bare] = await startRivals(['postmessage'], workers);
const contestants = [...rivals, { ...bare, name: BARE }];
const warmUp = await warmUpOf(rivals, workers);
const all = [
  ...algorithms.flatMap((task) => sizes.flatMap((size) => travels.map((travel) => ({ task, size, travel })))),
  { task: 'scrypt', size: 0, travel: /** @type {Travel} */ ('cloned') },
];
const cases = options.cases(all, labelOf);

const measured = [];
for (const { task, size, travel } of cases) {
  const label = labelOf({ task, size, travel });
  progress(label);
  const most = travel === 'transferred' ? Math.floor(PREPARED_BYTES / size) : Number.POSITIVE_INFINITY;
  const run = async (/** @type {Rival} */ rival, /** @type {number} */ count) => {
    let time = 0;
    for (let left = count; left > 0; left -= most) {
      const now = Math.min(left, most);
      if (rival.name === BARE) {
        time += await bareThreads(rival, task, size, travel, now);
        continue;
      }
      const submit =
        size === 0 ? () => rival.run(task, SCRYPT_COST) : submissions(rival, task, size, travel, now);
      time += await closedLoopOf(submit, now, outstanding(size));
    }
    return time;
  };
  const counts = new Map();
  for (const rival of contestants) {
    counts.set(rival, await countFor((count) => run(rival, count), budget, outstanding(size)));
  }
  /** @type {number[]} */
  const limits = [];
  const sample = async (/** @type {Rival} */ rival, /** @type {number} */ round) => {
    limits[round] ??= inlineRate(inlineCall(task, size, travel)) * parallelism;
    const count = counts.get(rival);
    return count / (await run(rival, count)) / limits[round];
  };
  // No-ops alone would leave the code cold that this case takes, of the pool that has most of it.
  const warmUpCase = async (/** @type {Rival} */ rival) => {
    await warmUp(rival);
    await run(rival, counts.get(rival));
  };
  const samples = await interleave(contestants, rounds, sample, { warmUp: warmUpCase });
  measured.push({
    label,
    task,
    size,
    travel,
    limit: spread(limits),
    share: Object.fromEntries([...samples].map(([rival, values]) => [rival.name, spread(values)])),
  });
}
await closeRivals([...rivals, bare]);
const results = options.withKept('hashing', measured, all.map(labelOf), ({ label }) => label);
const shown = contestants.map(({ name }) => name);

/** @param {{ task: string, size: number, travel: Travel }} one */
function labelOf({ task, size, travel }) {
  return task === 'scrypt' ? `scrypt N=${SCRYPT_COST}` : `${task}, ${sizeName(size)}, ${travel}`;
}

/** @param {number} size */
function sizeName(size) {
  return size >= 2 ** 20 ? `${size / 2 ** 20} MB` : `${size / 1_024} KB`;
}

/** @param {(typeof measured)[number]} result */
function limitOf({ limit, size }) {
  const perSecond = limit.median * 1_000;
  return size === 0 ? `${figure(perSecond)} /s` : `${figure((perSecond * size) / 1e6)} MB/s`;
}

/** @param {string} task */
const panel = (task) => {
  const ofTask = results.filter((result) => result.task === task);
  return /** @type {import('./lib/plot.mjs').Panel} */ ({
    title: task,
    x: '',
    y: '% of inline × cores',
    xType: 'category',
    categories: ofTask.map(({ size, travel }) => `${sizeName(size)}, ${travel}`),
    series: shown.map((name) => ({
      name,
      points: ofTask.map(({ size, travel, share }) => [
        `${sizeName(size)}, ${travel}`,
        Number((share[name].median * 100).toFixed(1)),
      ]),
    })),
  });
};

write({
  name: 'hashing',
  title: 'Hashing: how much of the machine real work gets',
  method:
    `Share of the limit, which is the rate of the same calls on the main thread alone × ${parallelism} cores, measured in the same round. ${workers} workers, a closed loop of ` +
    `${OUTSTANDING.requests} requests per worker (${OUTSTANDING.bytes / 2 ** 20} of 1 MB); the digest comes back as hex; after 100 ms of no-ops and as many of the same as are then measured. Cloned: the pool copies the bytes. Transferred: each request gives its buffer away (all are made before the ` +
    'clock starts). Shared: a view of a SharedArrayBuffer. “Bare threads” gives each thread its share as one task, so that nothing travels ' +
    'but once: what no pool can exceed. Median of the rounds.',
  quick: options.quick,
  isPart: options.isPart,
  rounds,
  rivals: rivals.map(({ name, settings }) => ({ name, settings })),
  packages: packagesOf(rivals),
  tables: [
    {
      title: 'Share of inline × cores',
      head: ['', 'limit', ...shown],
      rows: results.map((result) => [
        result.label,
        limitOf(result),
        ...shown.map((name) => percent(result.share[name].median)),
      ]),
    },
  ],
  data: results,
  plots: {
    '': plot(algorithms.filter((task) => results.some((one) => one.task === task)).map(panel), 'bar'),
  },
});
