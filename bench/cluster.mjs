import { Redis } from 'ioredis';
import { bareThreads } from './lib/bare-threads.mjs';
import { inlineLength, stepsPerMicrosecond } from './lib/calibrate.mjs';
import { benchOptions, progress } from './lib/cli.mjs';
import { ours, sandboxed } from './lib/cluster/contestants.mjs';
import { startRedis } from './lib/cluster/redis.mjs';
import { environment } from './lib/environment.mjs';
import { figure, percent, withSpread } from './lib/format.mjs';
import { write } from './lib/report.mjs';
import { interleave } from './lib/rounds.mjs';
import { quantile, ratio, spread } from './lib/stats.mjs';
import { spin } from './lib/tasks.mjs';

/**
 * Many machines on one Redis: ours beside BullMQ's own way to run CPU work, sandboxed processors in threads.
 */

const MACHINES = 2;
const LOCK_MS = 5_000;
/** For the recovery after a kill: the time is in relation to it. */
const SHORT_LOCK_MS = 1_000;

const options = benchOptions();
const rounds = options.rounds(5, 1);
const scale = options.quick ? 0.1 : 1;
const items = (/** @type {number} */ count) => Array.from({ length: Math.round(count * scale) }, (_, n) => n);
const perMicrosecond = stepsPerMicrosecond();

const redis = await startRedis();
const client = new Redis(redis.url);
const how = { machines: MACHINES, name: 'bench', lockDuration: LOCK_MS };
const contestants = [await ours(redis, how), await sandboxed(redis, { ...how, name: 'sandboxed' })];
const [OURS, THEIRS] = contestants.map(({ name }) => name);

/**
 * Runs a measurement with both.
 * @param {(contestant: import('./lib/cluster/contestants.mjs').Contestant) => Promise<number>} measure
 * @param {(contestant: import('./lib/cluster/contestants.mjs').Contestant) => Promise<void>} [warmUp] before
 *   each sample: processes that have been idle while the other one was measured are slow at first
 * @param {import('./lib/cluster/contestants.mjs').Contestant[]} [others] who is measured, too
 */
async function both(measure, warmUp, others = []) {
  const samples = await interleave([...contestants, ...others], rounds, measure, {
    allCores: !options.quick,
    ...(warmUp && { warmUp }),
  });
  return Object.fromEntries([...samples].map(([{ name }, values]) => [name, spread(values)]));
}

/** What a sample is preceded by. */
const quarter = (/** @type {any[]} */ given) => given.slice(0, Math.ceil(given.length / 4));

/** Items per second. */
async function rateOf(
  /** @type {any} */ contestant,
  /** @type {unknown[]} */ given,
  /** @type {any} */ chunk,
) {
  const start = performance.now();
  await contestant.run('noop', given, chunk);
  return (given.length * 1_000) / (performance.now() - start);
}

progress('warm-up');
for (const contestant of contestants) await contestant.run('noop', items(20_000), 10);

const [us, them] = contestants;
const single = items(20_000);
const million = items(1_000_000);
/** The ceiling: as many threads, which hold their items and do nothing but the work. */
const BARE = 'threads alone';

/** @type {Map<string, () => Promise<any>>} what is measured, by the name that `--cases` knows */
const measures = new Map();

const CHUNKS = /** @type {const} */ ([
  [1, 20_000],
  [10, 100_000],
  [100, 500_000],
  [1_000, 1_000_000],
]);
for (const [chunk, count] of CHUNKS) {
  measures.set(`chunks, ${chunk}-item`, async () => {
    const given = items(count);
    const rates = await both(
      (each) => rateOf(each, given, chunk),
      (each) => each.run('noop', quarter(given), chunk),
    );
    return { chunk, count: given.length, rates };
  });
}

measures.set('map', () =>
  both(
    (each) => (each === us ? rateOf(us, million, 'auto') : rateOf(them, single, 1)),
    (each) => (each === us ? us.run('noop', quarter(million), 'auto') : them.run('noop', quarter(single), 1)),
  ),
);

measures.set('latency', () =>
  both(async (each) => {
    const times = [];
    for (let n = 0; n < 1_000 * scale; n++) {
      const start = performance.now();
      await each.one('noop', n);
      times.push(performance.now() - start);
    }
    return quantile(
      times.sort((a, b) => a - b),
      0.5,
    );
  }),
);

const TASKS = /** @type {const} */ ([
  [1, 5_000, 1],
  [1, 5_000, 20],
  [20, 400, 1],
]);
for (const [ms, count, chunk] of TASKS) {
  measures.set(`tasks of ${ms} ms, ${chunk} a job`, async () => {
    const steps = Math.round(ms * 1_000 * perMicrosecond);
    const work = items(count).map(() => steps);
    const threads = await bareThreads(MACHINES, work, spin);
    const bare = /** @type {any} */ ({ name: BARE, run: () => threads.run() });
    const shares = await both(
      async (each) => {
        const inline = inlineLength(steps, ms * 1_000, 100) / 1_000;
        const start = performance.now();
        await each.run('spin', work, chunk);
        return (work.length * inline) / (MACHINES * (performance.now() - start));
      },
      async (each) => {
        if (each !== bare) await each.run('spin', quarter(work), chunk);
      },
      [bare],
    );
    await threads.end();
    return { ms, chunk, shares };
  });
}

const used = async () => Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1]);
/** CPU time in seconds, and bytes in and out, since the start of Redis. */
async function asks() {
  const text = `${await client.info('cpu')}${await client.info('stats')}`;
  const value = (/** @type {string} */ name) => Number(new RegExp(`${name}:([\\d.]+)`).exec(text)?.[1]);
  return {
    cpu: value('used_cpu_sys') + value('used_cpu_user'),
    bytes: value('total_net_input_bytes') + value('total_net_output_bytes'),
  };
}

measures.set('memory of the engine', async () => {
  const before = await used();
  let most = before;
  const watch = setInterval(async () => {
    most = Math.max(most, await used());
  }, 50);
  await us.run('noop', million, 'auto');
  clearInterval(watch);
  return { items: million.length, before, most, after: await used() };
});

// What one job asks of Redis itself: its limit, since it has one thread for all commands.
measures.set('costs', async () => {
  const costs = [];
  for (let round = 0; round < rounds; round++) {
    const asked = await asks();
    await us.run('noop', single, 1);
    const now = await asks();
    costs.push({
      ms: ((now.cpu - asked.cpu) * 1_000) / single.length,
      bytes: (now.bytes - asked.bytes) / single.length,
    });
  }
  return costs;
});

measures.set('recovery', async () => {
  const recovery = [];
  for (let round = 0; round < rounds; round++) {
    const killed = await ours(redis, {
      machines: MACHINES,
      name: `killed${round}`,
      lockDuration: SHORT_LOCK_MS,
    });
    const steps = Math.round(50_000 * perMicrosecond);
    await killed.run('spin', [steps, steps], 1);
    let settled = 0;
    const requests = Array.from({ length: 20 }, () => killed.one('spin', steps).then(() => ++settled));
    await requests[0];
    const start = performance.now();
    killed.kill();
    await Promise.all(requests);
    recovery.push((performance.now() - start) / SHORT_LOCK_MS);
    await killed.close();
  }
  return recovery;
});

const labels = [...measures.keys()];
const measured = [];
for (const label of options.cases(labels, (each) => each)) {
  progress(label);
  const value = await measures.get(label)?.();
  measured.push({ label, value, at: environment([]).commit, rounds });
}
for (const each of contestants) await each.close();
client.disconnect();
await redis.stop();

const results = options.withKept('cluster', measured, labels, ({ label }) => label);
/** Those that were kept, by what they were measured at. */
const earlier = results
  .filter((result) => !measured.includes(result))
  .map(({ label, at, rounds }) => `${label} (${at}, ${rounds} rounds)`);
/** The result of each of those names that there is. */
const resultsOf = (/** @type {string} */ start) =>
  results.filter(({ label }) => label.startsWith(start)).map(({ value }) => value);

const names = [OURS, THEIRS];
const row = (/** @type {Record<string, any>} */ values, /** @type {(value: any) => string} */ show) => [
  ...names.map((name) => show(values[name])),
  withSpread(ratio(values[OURS], values[THEIRS])),
];
const count = (/** @type {number} */ n) => Math.round(n).toLocaleString('en');
const rate = (/** @type {any} */ { median }) => count(median);
write({
  name: 'cluster',
  title: 'Many machines on one Redis',
  method:
    `${MACHINES} machines of one thread, submitter and a Redis without persistence on one host, so they share its cores. Ratios are taken round by round; before each sample its contestant runs a quarter of the work. ` +
    `Efficiency = work / (threads × wall time); "${BARE}" are as many threads that do nothing but the work, without engine and submitter: what the machine gives at most. A chunk is the items of one job.${earlier.length > 0 ? ` Measured in parts, of which these earlier: ${earlier.join('; ')}.` : ''}`,
  quick: options.quick,
  isPart: options.isPart,
  rounds,
  rivals: contestants.map(({ name, settings }) => ({ name, settings })),
  packages: ['bullmq', 'ioredis'],
  tables: [
    {
      title: 'No-ops, items per second, by chunk',
      head: ['items a job', ...names, 'ratio'],
      rows: [
        ...resultsOf('chunks').map(({ chunk, rates }) => [String(chunk), ...row(rates, rate)]),
        ...resultsOf('map').map((rates) => ['`map` beside one job each', ...row(rates, rate)]),
      ],
    },
    {
      title: 'One at a time: median time to the result, ms (ratio below 1: faster)',
      head: ['', ...names, 'ratio'],
      rows: resultsOf('latency').map((times) => ['no-op', ...row(times, ({ median }) => figure(median))]),
    },
    {
      title: 'Efficiency',
      head: ['', ...names, 'ratio', BARE, ...names.map((name) => `${name} / ${BARE}`)],
      rows: resultsOf('tasks').map(({ ms, chunk, shares }) => [
        `${ms} ms, ${chunk} a job`,
        ...row(shares, ({ median }) => percent(median)),
        ...(shares[BARE]
          ? [
              percent(shares[BARE].median),
              ...names.map((name) => withSpread(ratio(shares[name], shares[BARE]))),
            ]
          : ['', '', '']),
      ]),
    },
    {
      title: `From kill -9 of one machine until all have settled, in lock durations (${SHORT_LOCK_MS} ms; wanted: ≤ 2; 20 requests of 50 ms)`,
      head: ['', 'locks'],
      rows: resultsOf('recovery').map((locks) => [OURS, withSpread(spread(locks))]),
    },
    {
      title: 'What one job of one item asks of Redis, leastwork',
      head: ['', 'median'],
      rows: resultsOf('costs').flatMap((/** @type {{ ms: number, bytes: number }[]} */ costs) => [
        ['CPU time, ms', withSpread(spread(costs.map(({ ms }) => ms)))],
        ['bytes in and out', withSpread(spread(costs.map(({ bytes }) => bytes)))],
      ]),
    },
    {
      title: 'Memory of Redis, MB',
      head: ['', 'before', 'most', 'after'],
      rows: resultsOf('memory').map(({ items, before, most, after }) => [
        `${count(items)} items by map`,
        ...[before, most, after].map((bytes) => (bytes / 2 ** 20).toFixed(1)),
      ]),
    },
  ].filter(({ rows }) => rows.length > 0),
  data: { results },
});
