import { pendingPerWeight } from './policy.js';
import { LeastLoaded } from './support/least-loaded.js';

/**
 * Selects the worker with the fewest pending requests: Rob Pike's balancer ("Concurrency is not Parallelism",
 * 2012). With weights, the least (pending + 1) / weight. Of idle workers, the one that became idle last.
 *
 * `select` O(1), `update` O(log workers).
 */
export class LeastPending extends LeastLoaded {
  constructor() {
    super('least-pending', pendingPerWeight);
  }
}
