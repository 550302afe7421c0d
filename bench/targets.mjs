import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { benchOptions } from './lib/cli.mjs';
import { figure, percent } from './lib/format.mjs';
import { metg } from './lib/metg.mjs';
import { markdownTable } from './lib/report.mjs';
import { median, ratio } from './lib/stats.mjs';

/**
 * What the project wants of itself, against the latest results. Ratios are medians of the rounds' ratios.
 * Made for two cores: on other machines the figures differ, the ratios to the rivals less so.
 *
 * @typedef {object} Check
 * @property {string} what
 * @property {string} target
 * @property {string} reached
 * @property {boolean} met
 */

const { quick } = benchOptions();
const OURS = 'leastwork';

/** @type {Check[]} */
const checks = [];
/** @type {string[]} */
const missing = [];

/**
 * @param {string} name
 * @param {(data: any) => void} read
 */
function results(name, read) {
  const file = new URL(`results/${name}${quick ? '-quick' : ''}.json`, import.meta.url);
  if (existsSync(file)) read(JSON.parse(readFileSync(file, 'utf8')).data);
  else missing.push(name);
}

/**
 * @param {string} what
 * @param {number} reached
 * @param {'≥' | '≤' | '<'} sign
 * @param {number} target
 * @param {(value: number) => string} [show]
 */
function check(what, reached, sign, target, show = figure) {
  const met = sign === '≥' ? reached >= target : sign === '≤' ? reached <= target : reached < target;
  checks.push({ what, target: `${sign} ${show(target)}`, reached: show(reached), met });
}

const times = (/** @type {number} */ value) => `${figure(value)} ×`;
const microseconds = (/** @type {number} */ value) => `${figure(value)} µs`;
const milliseconds = (/** @type {number} */ value) => `${figure(value)} ms`;
const bytes = (/** @type {number} */ value) => `${figure(value)} B`;
const workersName = (/** @type {number} */ workers) => `${workers} worker${workers === 1 ? '' : 's'}`;

results('overhead', (runs) => {
  for (const { workers, burst, closed, latency, lateness } of runs) {
    const one = workers === 1;
    const by = workersName(workers);
    const of = (/** @type {any} */ metric, /** @type {string} */ rival) =>
      ratio(metric[OURS], metric[rival]).median;
    check(`burst of no-ops / Piscina, ${by}`, of(burst, 'piscina'), '≥', one ? 50 : 25, times);
    check(`burst of no-ops / poolifier, ${by}`, of(burst, 'poolifier'), '≥', 8, times);
    check(`closed loop of 64 / Piscina, ${by}`, of(closed, 'piscina'), '≥', one ? 60 : 30, times);
    check(`one at a time / Piscina, ${by}`, of(latency, 'piscina'), '≤', one ? 0.4 : 0.7, times);
    check(`timer of 1 ms late by, p99, ${by}`, lateness[OURS].median, '<', 2, milliseconds);
  }
});

results('granularity', ({ runs }) => {
  for (const { workers, points } of runs) {
    const by = workersName(workers);
    const { length } = metg(
      points.map((/** @type {any} */ point) => ({
        length: point.length,
        efficiency: point.efficiency[OURS].median,
      })),
    );
    check(`METG(50 %), ${by}`, length, '≤', workers === 1 ? 1 : 2, microseconds);
    for (const { length, efficiency } of points) {
      const rivals = Object.entries(efficiency).filter(([name]) => name !== OURS && name !== 'bare threads');
      const best = Math.max(...rivals.map(([, of]) => /** @type {any} */ (of).median));
      check(
        `efficiency at ${length} µs, ${by}: the best rival less 2 points`,
        efficiency[OURS].median,
        '≥',
        best - 0.02,
        percent,
      );
    }
  }
});

results('skew', (runs) => {
  for (const { load, results } of runs) {
    /** @type {any[]} */
    const ours = results[OURS];
    const over = (/** @type {(result: any) => number} */ value) => median(ours.map(value));
    check(
      `mean slowdown / simulation, load ${load}`,
      over((r) => r.mean / r.simulatedMean),
      '≤',
      1.05,
      times,
    );
    check(
      `p99 slowdown / simulation, load ${load}`,
      over((r) => r.p99 / r.simulatedP99),
      '≤',
      1.05,
      times,
    );
  }
});

/**
 * The best of the others, and ours in relation to it.
 * @param {Record<string, any>} of higher is better
 */
function besideBest(of) {
  const others = Object.keys(of).filter((name) => name !== OURS && name !== 'bare threads');
  const best = others.reduce((one, other) => (of[other].median > of[one].median ? other : one));
  return { best, over: ratio(of[OURS], of[best]).median };
}

/** By how bytes travel and their size: the share of the limit, or the ratio to the best of the others. */
const HASHING = {
  transferred: { 65536: { ratio: 1.02 }, 1048576: { ratio: 1.02 } },
  cloned: { 1024: { share: 0.45 }, 65536: { ratio: 1.3 }, 1048576: { ratio: 1.1 } },
  shared: { 1024: { share: 0.45 }, 65536: { share: 0.95 }, 1048576: { share: 0.95 } },
};

results('hashing', (cases) => {
  for (const { label, size, travel, share } of cases) {
    const goal = /** @type {Record<string, any>} */ (HASHING)[travel]?.[size];
    if (goal === undefined) continue;
    if (goal.share !== undefined)
      check(`${label}: share of inline × cores`, share[OURS].median, '≥', goal.share, percent);
    else {
      const { best, over } = besideBest(share);
      check(`${label} / ${best}`, over, '≥', goal.ratio, times);
    }
  }
});

results('payloads', ({ results }) => {
  for (const { label, rate } of results) {
    const { best, over } = besideBest(rate);
    check(`${label} / ${best}`, over, '≥', label.startsWith('objects') ? 1.2 : 1, times);
  }
});

results('crowded', (pools) => {
  for (const { name, workers, share, efficiency, cost } of pools) {
    if (name !== OURS) continue;
    const by = workersName(workers);
    check(`no-ops, share of the best count, ${by}`, share.median, '≥', 0.85, percent);
    check(`blocking tasks of 2 ms, efficiency, ${by}`, efficiency.median, '≥', 0.95, percent);
    if (workers === 1)
      check(`blocking tasks of 2 ms, main thread a request, ${by}`, cost.median, '≤', 10, microseconds);
  }
});

results('map', (cases) => {
  for (const { name, goal, times: of, turns } of cases) {
    // Intervals of a timer of 1 ms.
    if (name === 'no-op, objects')
      check(`map, turns of the event loop, p99: ${name}`, turns.map.p99 - 1, '≤', 4, milliseconds);
    if (typeof goal !== 'number') continue;
    for (const how of ['map', 'mapSettled'])
      check(`${how} / a loop: ${name}`, ratio(of[how], of.loop).median, '≤', goal, times);
  }
});

results('batch', (cases) => {
  for (const { label, ratios, journal } of cases) {
    if (!label.startsWith('1,000,000 lines')) continue;
    check(`leastwork map / one thread: ${label}`, ratios['leastwork map'].median, '≤', 0.65, times);
    check(`with a journal / without: ${label}`, journal.median, '≤', 1.03, times);
  }
});

results('observe', ({ results: rows }) => {
  for (const { load, name, rateOfOff } of rows) {
    if (load === 'noop' && name === 'metrics')
      check('no-ops with metrics / without', rateOfOff.median, '≥', 0.95, times);
    if (load === 'task' && name === 'trace')
      check('tasks of 20 µs with a trace / without', rateOfOff.median, '≥', 0.9, times);
  }
});

results('cluster', ({ results: parts }) => {
  const [ours, theirs] = [OURS, 'BullMQ, sandboxed'];
  for (const { label, value } of parts) {
    if (value.rates !== undefined)
      check(
        `cluster, ${label} / BullMQ`,
        ratio(value.rates[ours], value.rates[theirs]).median,
        '≥',
        value.chunk === 1 ? 2.5 : 1,
        times,
      );
    else if (value.shares !== undefined)
      check(
        `cluster, ${label} / BullMQ`,
        ratio(value.shares[ours], value.shares[theirs]).median,
        '≥',
        1,
        times,
      );
    else if (label === 'map')
      check('cluster, map / one job each', ratio(value[ours], value[theirs]).median, '≥', 100, times);
    else if (label === 'recovery')
      check('cluster, recovery in lock durations', median(value), '≤', 2, (locks) => figure(locks));
  }
});

results('memory', ({ heap, firstResult }) => {
  check(
    'heap per queued request',
    median(heap[OURS].map((/** @type {any} */ reading) => reading.heap)),
    '≤',
    250,
    bytes,
  );
  for (const { workers, ms } of firstResult) {
    check(
      `first result, ${workersName(workers)}: Piscina's`,
      ms[OURS].median,
      '≤',
      ms.piscina.median,
      milliseconds,
    );
  }
});

results('command', (cases) => {
  for (const { label, times: of, ratio: over } of cases) {
    // Below that, Node's start alone takes as long as the whole of xargs.
    if (of['xargs sha256sum'].median < 100) continue;
    check(`leastwork hash / xargs sha256sum, ${label}`, over.median, '≤', 1, times);
  }
});

const table = markdownTable({
  head: ['', 'target', 'reached', ''],
  rows: checks.map(({ what, target, reached, met }) => [what, target, reached, met ? 'met' : '**not met**']),
});
const met = checks.filter((each) => each.met).length;
const text = [
  '# Targets',
  table,
  `${met} of ${checks.length} met.`,
  ...(missing.length > 0 ? [`No results of: ${missing.join(', ')}.`] : []),
].join('\n\n');
writeFileSync(new URL(`results/targets${quick ? '-quick' : ''}.md`, import.meta.url), `${text}\n`);
process.stdout.write(`${text}\n`);
