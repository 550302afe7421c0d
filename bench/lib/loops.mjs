/**
 * The ways in which callers submit. All take the rival's `run` and give the time in ms.
 * @typedef {import('./adapters/rival.mjs').Rival} Rival
 */

/**
 * All at once, in one turn of the event loop, as from a batch.
 * @param {Rival} rival
 * @param {string} taskName
 * @param {unknown} arg
 * @param {number} count
 */
export async function burst(rival, taskName, arg, count) {
  const promises = new Array(count);
  const start = performance.now();
  for (let i = 0; i < count; i++) promises[i] = rival.run(taskName, arg);
  await Promise.all(promises);
  return performance.now() - start;
}

/**
 * `outstanding` callers, each submitting its next request when its last one has come back. `then` instead of
 * async functions: the harness should cost as little as it can.
 * @param {Rival} rival
 * @param {string} taskName
 * @param {unknown} arg
 * @param {number} count
 * @param {number} outstanding
 * @returns {Promise<number>}
 */
export function closedLoop(rival, taskName, arg, count, outstanding) {
  return closedLoopOf(() => rival.run(taskName, arg), count, outstanding);
}

/**
 * @param {(index: number) => Promise<unknown>} submit
 * @param {number} count
 * @param {number} outstanding
 * @returns {Promise<number>}
 */
export function closedLoopOf(submit, count, outstanding) {
  return new Promise((resolve, reject) => {
    let submitted = 0;
    let completed = 0;
    const start = performance.now();
    const completedOne = () => {
      completed++;
      if (completed === count) resolve(performance.now() - start);
      else next();
    };
    const next = () => {
      if (submitted < count) submit(submitted++).then(completedOne, reject);
    };
    for (let i = 0; i < outstanding; i++) next();
  });
}

/**
 * How many requests take about `budget` ms: doubles a trial until it is long enough to tell. It also warms
 * everything up, and lets whoever adapts to the length of tasks adapt.
 * @param {(count: number) => Promise<number>} run gives the time in ms
 * @param {number} budget ms
 * @param {number} [first]
 */
export async function countFor(run, budget, first = 64) {
  let count = first;
  for (;;) {
    const time = await run(count);
    if (time >= budget / 3) return Math.max(first, Math.round((count * budget) / time));
    count *= time > 0 && time < budget / 30 ? 8 : 2;
  }
}
