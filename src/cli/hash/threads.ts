import { Balancer, tasks } from '../../index.js';
import type { Hasher } from './pipeline.js';

const { hashFiles, begin } = tasks<typeof import('./hash-task.js')>(
  new URL('./hash-task.js', import.meta.url),
);

/**
 * Requests sent ahead to each worker, of 1 ms or so each. The main thread shares the cores with the workers here, and may
 * get its turn only after some ms: with the 2 that `'auto'` gives, workers wait for a third of the time on 2 cores.
 */
const WINDOW = 8;

/** Worker threads that hash. */
export interface Threads extends Hasher {
  /** Makes them that many, if they are fewer. */
  grow(workers: number): void;
  /** Resolves when the first one has loaded all that it needs; rejects where none can be started. */
  readonly ready: Promise<unknown>;
  close(): Promise<void>;
}

/** A Balancer as a `Hasher`. */
export function startThreads(workers: number): Threads {
  let count = workers;
  const balancer = new Balancer({ workers, window: WINDOW });
  return {
    ready: balancer.submit(begin),
    map: (requests) => balancer.map(requests, hashFiles, { ordered: false }),
    grow(wanted) {
      if (wanted <= count) return;
      count = wanted;
      // Where no more can be started, those that there are do it.
      balancer.resize(wanted).catch(() => {});
    },
    submit: (request) => balancer.submit(hashFiles, [request]),
    close: () => balancer.close(),
  };
}
