/**
 * The elements of an array that are there. A list may say that it has 2^32 - 1 and have none: structured
 * clone sends such a one in no time, and a walk over its indices would hold the thread for a minute. Used by
 * both sides.
 */

/** Shorter ones are walked over as they are. */
const LONG = 100_000;
const SAMPLES = 32;

/** O(1) for most; O(elements) for a long array of which nearly everything is missing. */
export function elementsOf(array: readonly unknown[]): readonly unknown[] {
  return array.length > LONG && isMostlyHoles(array) ? Object.values(array) : array;
}

/** Whether none of some elements, evenly spaced, is there. The first and the last one are not among them. */
function isMostlyHoles(array: readonly unknown[]): boolean {
  const step = array.length / SAMPLES;
  for (let i = 0; i < SAMPLES; i++) if (Object.hasOwn(array, Math.floor((i + 0.5) * step))) return false;
  return true;
}
