import { Balancer, tasks } from '../../index.js';
import type { Watch } from '../watch.js';
import type { WatchOptions } from '../watch-options.js';
import type { Hasher } from './pipeline.js';

const { hashFiles, begin } = tasks<typeof import('./hash-task.js')>(
  new URL('./hash-task.js', import.meta.url),
);

/**
 * Requests sent ahead to each worker, about 1 ms of work each. The main thread shares the cores with the
 * workers and may wait some ms for its turn: with the 2 that `'auto'` gives, workers idle for a third of the
 * time on 2 cores.
 */
const WINDOW = 8;

/** Worker threads that hash. */
export interface Threads extends Hasher {
  /** Raises the number of workers to `workers`; never lowers it. */
  grow(workers: number): void;
  /** Resolves when the first worker has loaded its code; rejects where none can be started. */
  readonly ready: Promise<unknown>;
  /** Writes what is left of traces and profiles. */
  stopWatch(): Promise<void>;
  close(): Promise<void>;
}

/** A Balancer as a `Hasher`. */
export function startThreads(workers: number, watched: WatchOptions | undefined): Threads {
  let count = workers;
  const balancer = new Balancer({ workers, window: WINDOW });
  const watch = watched === undefined ? undefined : startWatch(balancer, watched);
  return {
    ready: watch === undefined ? balancer.submit(begin) : watch.then(() => balancer.submit(begin)),
    async stopWatch() {
      await (await watch)?.stop();
    },
    map: (requests) => balancer.map(requests, hashFiles, { ordered: false }),
    grow(wanted) {
      if (wanted <= count) return;
      count = wanted;
      // Where no more threads can be started, the present ones do the work.
      balancer.resize(wanted).catch(() => {});
    },
    submit: (request) => balancer.submit(hashFiles, [request]),
    close: () => balancer.close(),
  };
}

async function startWatch(balancer: Balancer, options: WatchOptions): Promise<Watch> {
  const watch = await import('../watch.js');
  return await watch.startWatch(balancer, options, (url) =>
    process.stderr.write(`leastwork: dashboard: ${url}\n`),
  );
}
