import { machineIsReady, roundCounts } from './capacity.mjs';
import { gc } from './gc.mjs';

/**
 * Measures every contestant once per round, the order rotated from round to round. A slow spell of the
 * machine then hits all of them, and none is always the one that runs after another. A round during which the
 * machine did not give all its cores is repeated.
 * @template C, S
 * @param {C[]} contestants
 * @param {number} rounds
 * @param {(contestant: C, round: number) => Promise<S>} measure
 * @param {{ allCores?: boolean, warmUp?: (contestant: C) => Promise<void> }} [options] `allCores: false` for
 *   what takes hardly any CPU: then
 *   every round counts; `warmUp`: before each sample
 * @returns {Promise<Map<C, S[]>>} per contestant, its samples in the order of the rounds
 */
export async function interleave(contestants, rounds, measure, { allCores = true, warmUp } = {}) {
  const samples = new Map(contestants.map((contestant) => [contestant, /** @type {S[]} */ ([])]));
  for (let round = 0; round < rounds; ) {
    if (allCores) await machineIsReady();
    /** @type {Map<C, S>} */
    const taken = new Map();
    const start = performance.now();
    for (let i = 0; i < contestants.length; i++) {
      const contestant = contestants[(i + round) % contestants.length];
      gc();
      await warmUp?.(contestant);
      taken.set(contestant, await measure(contestant, round));
    }
    if (allCores && !(await roundCounts(performance.now() - start))) continue;
    for (const [contestant, sample] of taken) samples.get(contestant).push(sample);
    round++;
  }
  return samples;
}
