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
      1.1,
      times,
    );
    check(
      `p99 slowdown / simulation, load ${load}`,
      over((r) => r.p99 / r.simulatedP99),
      '≤',
      1.1,
      times,
    );
  }
});

results('hashing', (cases) => {
  for (const { label, size, travel, share } of cases) {
    if (size < 65_536 || travel === 'cloned') continue;
    check(`${label}: share of inline × cores`, share[OURS].median, '≥', 0.95, percent);
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
