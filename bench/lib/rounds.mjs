import { gc } from './gc.mjs';

/**
 * Measures every contestant once per round, the order rotated from round to round. A slow spell of the machine then
 * hits all of them, and none is always the one that runs after another.
 * @template C, S
 * @param {C[]} contestants
 * @param {number} rounds
 * @param {(contestant: C, round: number) => Promise<S>} measure
 * @returns {Promise<Map<C, S[]>>} per contestant, its samples in the order of the rounds
 */
export async function interleave(contestants, rounds, measure) {
  const samples = new Map(contestants.map((contestant) => [contestant, /** @type {S[]} */ ([])]));
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < contestants.length; i++) {
      const contestant = contestants[(i + round) % contestants.length];
      gc();
      samples.get(contestant).push(await measure(contestant, round));
    }
  }
  return samples;
}
