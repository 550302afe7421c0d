import { Balancer, tasks } from '../index.js';
import type { Hasher } from './hashing.js';

const { hashFiles } = tasks<typeof import('./hash-task.js')>(new URL('./hash-task.js', import.meta.url));

/** A Balancer as a `Hasher`. */
export function openHasher(workers: number): Hasher & { close(): Promise<void> } {
  const balancer = new Balancer({ workers });
  return {
    map: (requests) => balancer.map(requests, hashFiles, { ordered: false }),
    submit: (request) => balancer.submit(hashFiles, [request]),
    close: () => balancer.close(),
  };
}
