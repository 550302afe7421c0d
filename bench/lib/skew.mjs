import { progress } from './cli.mjs';
import { openLoop, workload } from './open-loop.mjs';
import { interleave } from './rounds.mjs';

/**
 * Runs the open loop with each rival at each load, a fresh workload per round, the same for all.
 * @param {import('./adapters/rival.mjs').Rival[]} rivals started
 * @param {object} how
 * @param {readonly number[]} how.loads
 * @param {number} how.rounds
 * @param {number} how.count arrivals a round
 * @param {number} how.workers
 * @param {(rival: import('./adapters/rival.mjs').Rival) => boolean} [how.isKeyed] whether its requests have
 *   keys
 * @returns {Promise<import('./slowdown.mjs').Run[]>} one per load
 */
export async function skewRuns(rivals, { loads, rounds, count, workers, isKeyed = () => false }) {
  const runs = [];
  for (const load of loads) {
    const samples = await interleave(
      rivals,
      rounds,
      (rival, round) => {
        progress(`load ${load}, round ${round + 1}: ${rival.name}`);
        const given = workload({ seed: 1_000 + round, count, load, workers });
        return openLoop(rival, given, workers, isKeyed(rival));
      },
      { allCores: false },
    );
    runs.push({ load, samples });
  }
  return runs;
}
