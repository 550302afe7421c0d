import { figure, withSpread } from './format.mjs';
import { spread } from './stats.mjs';

/**
 * How the results of open loops are shown, the same for rivals and for policies.
 *
 * @typedef {import('./open-loop.mjs').OpenLoopResult} OpenLoopResult
 * @typedef {object} Run
 * @property {number} load
 * @property {Map<{ name: string }, OpenLoopResult[]>} samples one result per round
 */

const SIMULATION = 'central queue, simulated';

/**
 * @param {OpenLoopResult[]} results
 * @param {(result: OpenLoopResult) => number} value
 */
const over = (results, value) => spread(results.map(value));

/** @param {Run} run */
const everyResult = ({ samples }) => [...samples.values()].flat();

/**
 * @param {Run} run
 * @returns {import('./report.mjs').Table}
 */
export function slowdownTable(run) {
  const all = everyResult(run);
  return {
    title: `load ${run.load}: slowdown, median of the rounds (min–max)`,
    head: ['', 'mean', 'p99', 'mean / simulation', 'p99 / simulation', 'real load', 'submitted late by, ms'],
    rows: [
      ...[...run.samples].map(([{ name }, results]) => [
        name,
        withSpread(over(results, (result) => result.mean)),
        withSpread(over(results, (result) => result.p99)),
        withSpread(over(results, (result) => result.mean / result.simulatedMean)),
        withSpread(over(results, (result) => result.p99 / result.simulatedP99)),
        figure(over(results, (result) => result.load).median),
        figure(over(results, (result) => result.late).median),
      ]),
      [
        SIMULATION,
        withSpread(over(all, (result) => result.simulatedMean)),
        withSpread(over(all, (result) => result.simulatedP99)),
        '1',
        '1',
        figure(over(all, (result) => result.load).median),
        figure(over(all, (result) => result.late).median),
      ],
    ],
  };
}

/**
 * @param {number} load
 * @param {import('./stats.mjs').Spread} of
 * @returns {[string, number]}
 */
const point = (load, of) => [String(load), of.median];

/**
 * Two panels of bars: mean and p99 slowdown over the loads.
 * @param {Run[]} runs
 * @returns {import('./plot.mjs').Panel[]}
 */
export function slowdownPanels(runs) {
  return /** @type {const} */ (['mean', 'p99']).map((key) => ({
    title: `${key} slowdown`,
    x: 'load',
    y: 'time in system / service time',
    xType: 'category',
    yType: 'log',
    categories: runs.map(({ load }) => String(load)),
    series: [
      ...[...runs[0].samples.keys()].map((contestant) => ({
        name: contestant.name,
        points: runs.map(({ load, samples }) =>
          point(
            load,
            over(samples.get(contestant), (result) => result[key]),
          ),
        ),
      })),
      {
        name: SIMULATION,
        points: runs.map((run) =>
          point(
            run.load,
            over(everyResult(run), (result) => (key === 'mean' ? result.simulatedMean : result.simulatedP99)),
          ),
        ),
      },
    ],
  }));
}

/** @param {Run[]} runs */
export function slowdownData(runs) {
  return runs.map(({ load, samples }) => ({
    load,
    results: Object.fromEntries([...samples].map(([{ name }, results]) => [name, results])),
  }));
}
