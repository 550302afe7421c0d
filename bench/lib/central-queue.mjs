/**
 * The best that can be done without knowing sizes ahead or breaking tasks off: one queue, first in first out,
 * and a worker that takes from it whenever it is free; hand-over costs nothing. Exact, by Lindley's recursion
 * for several servers (Kiefer and Wolfowitz, 1955): each request starts when it has arrived and the first
 * worker is free.
 * @param {ArrayLike<number>} arrivals ms, ascending
 * @param {ArrayLike<number>} sizes ms
 * @param {number} workers
 * @returns {Float64Array} when each request ends, in ms
 */
export function centralQueue(arrivals, sizes, workers) {
  const freeAt = new Float64Array(workers);
  const ends = new Float64Array(arrivals.length);
  for (let i = 0; i < arrivals.length; i++) {
    let first = 0;
    for (let worker = 1; worker < workers; worker++) if (freeAt[worker] < freeAt[first]) first = worker;
    ends[i] = Math.max(arrivals[i], freeAt[first]) + sizes[i];
    freeAt[first] = ends[i];
  }
  return ends;
}
