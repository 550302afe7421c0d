import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Balancer, tasks } from 'leastwork';
import { TASKS_URL } from './lib/adapters/rival.mjs';
import { stepsPerMicrosecond } from './lib/calibrate.mjs';
import { benchOptions, progress } from './lib/cli.mjs';
import { write } from './lib/report.mjs';
import { interleave } from './lib/rounds.mjs';
import { spread } from './lib/stats.mjs';

/** What does it cost to replace threads by fresh ones after so many requests? */

const WORKERS = 2;
const LIMIT = 100;

const options = benchOptions();
const rounds = options.rounds(5, 2);
const module = tasks(TASKS_URL);
const stepsPerMs = 1_000 * stepsPerMicrosecond();

/** @param {'computing' | 'waiting'} kind @param {number} ms */
const caseOf = (kind, ms) => ({
  label: `${ms} ms of ${kind}`,
  allCores: kind === 'computing',
  requests: (options.quick ? 4 : ms === 1 ? 20 : 8) * LIMIT,
  task: kind === 'computing' ? 'spin' : 'block',
  arg: kind === 'computing' ? Math.round(ms * stepsPerMs) : ms,
});
const all = [caseOf('computing', 1), caseOf('waiting', 1), caseOf('computing', 10), caseOf('waiting', 10)];

/** @typedef {(typeof all)[number]} Case */

/** A thread runs so many, and ends. */
const THREAD = `
  const { workerData: { url, task, arg, count } } = require('node:worker_threads');
  import(url).then((tasks) => {
    for (let i = 0; i < count; i++) tasks[task](arg);
  });
`;

/**
 * Time of all requests with bare threads, each of which runs so many of them, one thread after the other.
 * @param {Case} one
 * @param {number} count
 */
async function bare({ task, arg, requests }, count) {
  const lane = async () => {
    for (let left = requests / WORKERS; left > 0; left -= count) {
      const workerData = { url: TASKS_URL.href, task, arg, count: Math.min(left, count) };
      await once(new Worker(THREAD, { eval: true, workerData }), 'exit');
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: WORKERS }, lane));
  return performance.now() - start;
}

/**
 * Time of all requests with a Balancer.
 * @param {Case} one
 * @param {number | undefined} limit
 */
async function balanced({ task, arg, requests }, limit) {
  const balancer = new Balancer({
    workers: WORKERS,
    ...(limit !== undefined && { maxRequestsPerWorker: limit }),
  });
  await balancer.workersReady();
  const start = performance.now();
  await Promise.all(Array.from({ length: requests }, () => balancer.submit(module[task], [arg])));
  const time = performance.now() - start;
  await balancer.close();
  return time;
}

const contestants = [
  { name: 'leastwork', run: (/** @type {Case} */ one) => balanced(one, undefined) },
  { name: 'leastwork, replaced', run: (/** @type {Case} */ one) => balanced(one, LIMIT) },
  { name: 'bare threads', run: (/** @type {Case} */ one) => bare(one, one.requests) },
  { name: 'bare threads, replaced', run: (/** @type {Case} */ one) => bare(one, LIMIT) },
];

const measured = [];
for (const one of options.cases(all, ({ label }) => label)) {
  progress(one.label);
  const samples = await interleave(contestants, rounds, ({ run }) => run(one), { allCores: one.allCores });
  const [free, limited, bareFree, bareLimited] = contestants.map((each) => samples.get(each) ?? []);
  const share = (/** @type {number[]} */ whole, /** @type {number[]} */ part) =>
    spread(whole.map((time, round) => (100 * time) / part[round]));
  measured.push({ label: one.label, leastwork: share(free, limited), bare: share(bareFree, bareLimited) });
}

const labels = all.map(({ label }) => label);
const results = options.withKept('replacing', measured, labels, ({ label }) => label);

/** @param {{ median: number, min: number, max: number }} shares */
const percent = ({ median, min, max }) => `${Math.round(median)} % (${Math.round(min)}–${Math.round(max)})`;

write({
  name: options.isPart ? 'replacing-part' : 'replacing',
  title: `Replacing: what is left of the throughput with a fresh thread after each ${LIMIT} requests`,
  method:
    `${WORKERS} workers. The time of the same requests without a limit, as a share of that with ` +
    `\`maxRequestsPerWorker: ${LIMIT}\`, in the same round. Bare threads run nothing but the same loop, and are replaced ` +
    'as often, one after the other.',
  quick: options.quick,
  rounds,
  rivals: [],
  packages: ['leastwork'],
  tables: [
    {
      title: 'Share of the throughput: median (min–max)',
      head: [`${LIMIT} requests for each thread, of`, 'leastwork', 'bare threads'],
      rows: results.map(({ label, leastwork, bare }) => [label, percent(leastwork), percent(bare)]),
    },
  ],
  data: { workers: WORKERS, limit: LIMIT, results },
});
