import { closedLoop, countFor } from './loops.mjs';

const WARM_UP_MS = 100;
const OUTSTANDING_PER_WORKER = 64;

/**
 * The garbage collection before each sample drops compiled code that has not run for a while, as that of a
 * rival while the others are measured. A program that uses its pool keeps it.
 * @param {import('./adapters/rival.mjs').Rival[]} rivals started
 * @param {number} workers
 * @returns {Promise<(rival: { name: string }) => Promise<void>>} has a rival run no-ops for some 100 ms
 */
export async function warmUpOf(rivals, workers) {
  const outstanding = OUTSTANDING_PER_WORKER * workers;
  /** @type {Map<string, () => Promise<number>>} */
  const byName = new Map();
  for (const rival of rivals) {
    const run = (/** @type {number} */ count) => closedLoop(rival, 'noop', undefined, count, outstanding);
    const count = await countFor(run, WARM_UP_MS, outstanding);
    byName.set(rival.name, () => run(count));
  }
  return async ({ name }) => {
    await byName.get(name)?.();
  };
}
