/** Replaces workers that have reached `maxRequestsPerWorker` or `maxHeapPerWorker`. */
import type { Dispatcher } from '../dispatch/dispatcher.js';
import type { Duty } from './maintenance.js';
import type { Pool, PoolRules } from './pool.js';

/** How often to look, in ms. */
const PACE_MS = 20;

export class Recycling implements Duty {
  readonly pace: number | undefined;
  readonly #pool: Pool;
  readonly #dispatcher: Dispatcher;

  constructor(pool: Pool, dispatcher: Dispatcher, { maxRequests, maxHeap }: PoolRules) {
    const isOff = maxRequests === Number.POSITIVE_INFINITY && maxHeap === Number.POSITIVE_INFINITY;
    this.pace = isOff ? undefined : PACE_MS;
    this.#pool = pool;
    this.#dispatcher = dispatcher;
  }

  look(now: number): number | undefined {
    if (this.pace === undefined) return undefined;
    this.#pool.recycle();
    return this.#dispatcher.busy ? now + this.pace : undefined;
  }
}
