import type { WorkerView } from './policy.js';
import { LeastLoaded } from './support/least-loaded.js';

/**
 * Least cost of a request, in ms: about the time of its hand-over. While no run times are known, it makes the
 * number of pending requests decide; between idle workers, the weight.
 */
const HAND_OVER = 0.001;

function load(worker: WorkerView): number {
  // Adding and subtracting floating point numbers may leave a rest: an idle worker has no work.
  const work = worker.pending === 0 ? 0 : worker.work;
  return (work + (worker.pending + 1) * HAND_OVER) / worker.weight;
}

/**
 * Selects the worker with the least expected work left: the sum of the mean run times of its pending
 * requests, as reported by the workers, divided by its weight. Of idle workers, the one that became idle last.
 *
 * `select` O(1), `update` O(log workers).
 */
export class LeastWork extends LeastLoaded {
  constructor() {
    super('least-work', load);
  }
}
