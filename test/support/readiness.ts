import type { Balancer } from 'leastwork';
import { several } from './events.js';
import { until } from './until.js';

/** Ids of the workers that are ready. */
export function readyIds(balancer: Balancer): number[] {
  return balancer
    .stats()
    .workers.filter(({ state }) => state === 'ready')
    .map(({ id }) => id);
}

/** Resolves when the Balancer has so many workers that are ready. */
export function ready(balancer: Balancer, count: number): Promise<void> {
  return until(() => readyIds(balancer).length === count);
}

/** Resolves when each worker that there is now is ready. */
export async function allReady(balancer: Balancer): Promise<void> {
  const starting = balancer.stats().workers.length - readyIds(balancer).length;
  if (starting > 0) await several(balancer, 'workerStart', starting);
}
