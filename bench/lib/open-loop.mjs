import { Worker } from 'node:worker_threads';
import { centralQueue } from './central-queue.mjs';
import { clock } from './clock.mjs';
import { boundedPareto, boundedParetoMean, exponential, seeded } from './random.mjs';
import { mean, quantile } from './stats.mjs';

/**
 * Service times in ms: most near 1, few up to 500, half of the work in some percent of the requests. Mean 5.1
 * ms.
 */
export const SERVICE = { shape: 1.1, low: 1, high: 500 };

/**
 * @typedef {object} Workload
 * @property {Float64Array} arrivals ms from the start, ascending
 * @property {Float64Array} sizes service times, in ms
 * @property {string[]} keys an affinity key each, for the policies that want one
 */

/**
 * Poisson arrivals of bounded-Pareto requests: the same for the same seed.
 * @param {{ seed: number, count: number, load: number, workers: number, keys?: number }} parameters
 * @returns {Workload}
 */
export function workload({ seed, count, load, workers, keys = 1_000 }) {
  const random = seeded(seed);
  const gap = boundedParetoMean(SERVICE) / (load * workers);
  const arrivals = new Float64Array(count);
  const sizes = new Float64Array(count);
  const keyOf = [];
  for (let i = 0, now = 0; i < count; i++) {
    now += exponential(random, gap);
    arrivals[i] = now;
    sizes[i] = boundedPareto(random, SERVICE);
    keyOf.push(`key-${Math.floor(random() * keys)}`);
  }
  return { arrivals, sizes, keys: keyOf };
}

/**
 * @typedef {object} OpenLoopResult
 * @property {number} mean mean slowdown: time in system / service time
 * @property {number} p99
 * @property {number} simulatedMean the same of a central queue that met the same submissions and service
 *   times
 * @property {number} simulatedP99
 * @property {number} load that really was: service time / (workers × duration)
 * @property {number} late mean lateness of the submissions, in ms
 */

/**
 * Submits at the workload's times, whatever has come back by then, and compares with the simulation.
 *
 * A request's time in system runs from its real submission to its promise; its service time is what the
 * worker measured around its block. The simulation is given exactly these, so neither the pacer's lateness
 * nor the overshoot of the system's timers is billed to the pool.
 * @param {import('./adapters/rival.mjs').Rival} rival
 * @param {Workload} load
 * @param {number} workers
 * @param {boolean} [keyed]
 * @returns {Promise<OpenLoopResult>}
 */
export async function openLoop(rival, { arrivals, sizes, keys }, workers, keyed = false) {
  const count = arrivals.length;
  const startAt = clock() + 200;
  const submitted = new Float64Array(count);
  const ended = new Float64Array(count);
  const served = new Float64Array(count);

  await new Promise((resolve, reject) => {
    let left = count;
    const pacer = new Worker(new URL('./threads/pacer.mjs', import.meta.url), {
      workerData: { arrivals, startAt },
    });
    pacer.on('error', reject);
    pacer.on('message', (/** @type {number} */ i) => {
      submitted[i] = clock() - startAt;
      rival.run('block', sizes[i], undefined, keyed ? keys[i] : undefined).then((took) => {
        ended[i] = clock() - startAt;
        served[i] = took;
        if (--left === 0) resolve(undefined);
      }, reject);
    });
  });

  const simulated = centralQueue(submitted, served, workers);
  const real = slowdowns(submitted, ended, served);
  const ideal = slowdowns(submitted, simulated, served);
  return {
    mean: mean(real),
    p99: quantile(real, 0.99),
    simulatedMean: mean(ideal),
    simulatedP99: quantile(ideal, 0.99),
    load: (mean(served) * count) / (workers * submitted[count - 1]),
    late: mean(submitted.map((at, i) => at - arrivals[i])),
  };
}

/**
 * @param {Float64Array} from
 * @param {Float64Array} to
 * @param {Float64Array} served
 * @returns {Float64Array} sorted
 */
function slowdowns(from, to, served) {
  return from.map((at, i) => (to[i] - at) / served[i]).sort();
}
