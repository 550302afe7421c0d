import { median, quantile } from './stats.mjs';
import { spin } from './tasks.mjs';

/**
 * Steps of `spin` per µs on this machine, measured on the main thread while nothing else of this process
 * runs. Every rival then gets the same number of steps: equal work, whatever the clock does. A loop that
 * watches the clock instead would hide a thread that is starved of its core, since it ends at the same time
 * with less done.
 */
export function stepsPerMicrosecond() {
  const steps = 200_000;
  for (let i = 0; i < 20; i++) spin(steps);
  const rates = [];
  for (let i = 0; i < 51; i++) {
    const start = performance.now();
    spin(steps);
    rates.push(steps / ((performance.now() - start) * 1_000));
  }
  return median(rates);
}

/**
 * The time of one `spin(steps)`, in µs, from about `budget` ms of calls in a row, in pieces of about 1 ms.
 * The lower quartile of the pieces: whatever else runs on the machine can only make them longer.
 * @param {number} steps
 * @param {number} expected µs
 * @param {number} budget ms
 */
export function inlineLength(steps, expected, budget) {
  const calls = Math.max(1, Math.round(1_000 / expected));
  const pieces = new Float64Array(Math.max(8, Math.round((budget * 1_000) / (calls * expected))));
  for (let piece = 0; piece < pieces.length; piece++) {
    const start = performance.now();
    for (let i = 0; i < calls; i++) sink ^= spin(steps);
    pieces[piece] = ((performance.now() - start) * 1_000) / calls;
  }
  return quantile(pieces.sort(), 0.25);
}

/** Keeps the results alive, so that the calls are not compiled away. */
export let sink = 0;
