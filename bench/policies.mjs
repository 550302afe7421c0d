import { Bench } from 'tinybench';
import { createPolicy, policyNames } from '../dist/src/policies/index.js';
import { benchOptions, progress } from './lib/cli.mjs';
import { figure } from './lib/format.mjs';
import { medianNanoseconds } from './lib/micro.mjs';
import { SERVICE } from './lib/open-loop.mjs';
import { plot } from './lib/plot.mjs';
import { write } from './lib/report.mjs';
import { closeRivals } from './lib/rivals.mjs';
import { skewRuns } from './lib/skew.mjs';
import { slowdownData, slowdownPanels, slowdownTable } from './lib/slowdown.mjs';

/**
 * What each policy costs, and what it does to requests of very different lengths: to choose by looking.
 *
 * `pick-first` stands in the first part alone: it does not spread work, so skew has nothing to say about it.
 */

const WORKERS = 8;
const PAIRS = 1_000;
const KEYED = new Set(['hash', 'rendezvous']);

const options = benchOptions();
const rounds = options.rounds(2, 1);
const count = options.quick ? 800 : 6_000;
const loads = options.quick ? [0.7] : [0.7, 0.9];
const sizes = options.workers([2, 16, 128, 1_024]);
const names = /** @type {(typeof policyNames)[number][]} */ (options.rivals([...policyNames]));

/**
 * As the dispatcher does it: choose, count the request, tell the policy; and when it has ended, the same
 * back. Four requests per worker are out at any time, and they end in the order in which they began.
 * @param {(typeof policyNames)[number]} name
 * @param {number} workers
 */
function selectAndRelease(name, workers) {
  const policy = createPolicy(name, { now: () => performance.now(), random: Math.random });
  const views = Array.from({ length: workers }, (_, id) => ({
    id,
    label: `127.0.0.1:${7_000 + id}`,
    weight: 1,
    pending: 0,
    work: 0,
    available: true,
  }));
  for (const view of views) policy.add(view);
  const requests = Array.from({ length: 1_000 }, (_, i) => ({
    key: KEYED.has(name) ? `key-${i}` : undefined,
  }));
  const out = new Array(workers * 4);
  let at = 0;
  let turn = 0;

  const select = () => {
    const view = views[policy.select(requests[turn++ % requests.length]).id];
    view.pending++;
    view.work++;
    policy.update(view);
    return view;
  };
  for (let i = 0; i < out.length; i++) out[i] = select();

  return () => {
    for (let i = 0; i < PAIRS; i++) {
      const ended = out[at];
      ended.pending--;
      ended.work--;
      policy.observe?.(ended, { runTime: 1, ok: true });
      policy.update(ended);
      out[at] = select();
      at = (at + 1) % out.length;
    }
  };
}

progress('select + release');
const bench = new Bench({ time: options.quick ? 30 : 200, warmupTime: options.quick ? 10 : 50 });
for (const name of names) {
  for (const workers of sizes) bench.add(`${name} ${workers}`, selectAndRelease(name, workers));
}
await bench.run();
const cost = (/** @type {string} */ name, /** @type {number} */ workers) =>
  medianNanoseconds(bench, `${name} ${workers}`, PAIRS);

const { create } = await import('./lib/adapters/leastwork.mjs');
const rivals = names
  .filter((name) => name !== 'pick-first')
  .map((policy) => {
    const rival = create({ policy });
    rival.start(WORKERS);
    return { ...rival, name: policy };
  });
for (const rival of rivals) {
  await Promise.all(
    Array.from({ length: WORKERS * 4 }, (_, i) => rival.run('noop', undefined, undefined, `key-${i}`)),
  );
}
const runs = await skewRuns(rivals, {
  loads,
  rounds,
  count,
  workers: WORKERS,
  isKeyed: ({ name }) => KEYED.has(name),
});
await closeRivals(rivals);

write({
  name: 'policies',
  title: 'Policies: what each costs, and what it does under skew',
  method:
    `Cost: one select and one release (with both updates), ns, four requests per worker out at any time. Skew: as in the skew benchmark (${figure(count)} Poisson arrivals a round, bounded Pareto ` +
    `of shape ${SERVICE.shape}, ${SERVICE.low}–${SERVICE.high} ms, ${WORKERS} workers that block), leastwork with each policy, beside the exact simulation of a central queue on the same submissions. ` +
    '`hash` and `rendezvous` get one of 1,000 keys per request and may not move it.',
  quick: options.quick,
  rounds,
  rivals: rivals.map(({ name, settings }) => ({ name, settings })),
  packages: ['leastwork', 'tinybench'],
  tables: [
    {
      title: 'Time per select + release, ns (median)',
      head: ['', ...sizes.map((workers) => `${figure(workers)} workers`)],
      rows: names.map((name) => [name, ...sizes.map((workers) => figure(cost(name, workers)))]),
    },
    ...runs.map(slowdownTable),
  ],
  data: {
    cost: Object.fromEntries(
      names.map((name) => [name, Object.fromEntries(sizes.map((workers) => [workers, cost(name, workers)]))]),
    ),
    skew: slowdownData(runs),
  },
  plots: {
    '': plot(
      [
        {
          title: 'time per select + release',
          x: 'workers',
          y: 'ns',
          yType: 'log',
          series: names.map((name) => ({
            name,
            points: sizes.map((workers) => [workers, cost(name, workers)]),
          })),
        },
      ],
      'line',
    ),
    skew: plot(slowdownPanels(runs), 'bar'),
  },
});
