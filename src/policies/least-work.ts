import type { WorkerView } from './policy.js';
import { LeastLoaded } from './support/least-loaded.js';

/**
 * The least that a request is taken to cost, in ms: about its hand-over. It lets pending decide as long as no run
 * times are known, and weights decide between idle workers.
 */
const HAND_OVER = 0.001;

function load(worker: WorkerView): number {
  // An idle worker has no work left, whatever a sum of floating point additions and subtractions says.
  const work = worker.pending === 0 ? 0 : worker.work;
  return (work + (worker.pending + 1) * HAND_OVER) / worker.weight;
}

/**
 * The worker with the least expected work left: the sum, over its pending requests, of the mean run time of their
 * tasks as workers report it; divided by its weight. Ties rotate.
 *
 * `select` O(1), `update` O(log workers).
 */
export class LeastWork extends LeastLoaded {
  constructor() {
    super('least-work', load);
  }
}
