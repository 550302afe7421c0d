import { Balancer, tasks } from '../index.js';
import type { Hasher } from './hashing.js';

const { hashFiles } = tasks<typeof import('./hash-task.js')>(new URL('./hash-task.js', import.meta.url));

/**
 * Requests sent ahead to each worker, of 1 ms or so each. The main thread shares the cores with the workers here, and may
 * get its turn only after some ms: with the 2 that `'auto'` gives, workers wait for a third of the time on 2 cores.
 */
const WINDOW = 16;

/** A Balancer as a `Hasher`. */
export function openHasher(workers: number): Hasher & { close(): Promise<void> } {
  const balancer = new Balancer({ workers, window: WINDOW });
  return {
    map: (requests) => balancer.map(requests, hashFiles, { ordered: false }),
    submit: (request) => balancer.submit(hashFiles, [request]),
    close: () => balancer.close(),
  };
}
