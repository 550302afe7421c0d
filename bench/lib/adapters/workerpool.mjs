import { fileURLToPath } from 'node:url';
import workerpool from 'workerpool';
import { threadUrl } from './rival.mjs';

/**
 * - a dedicated worker script, which its documentation recommends over functions sent as text
 * - `workerType: 'thread'`: worker threads, not processes
 * - `minWorkers = maxWorkers`: no thread is started or ended in a measurement
 * @returns {import('./rival.mjs').Rival}
 */
export function create() {
  /** @type {import('workerpool').Pool} */
  let pool;
  return {
    name: 'workerpool',
    package: 'workerpool',
    settings: "dedicated worker script, workerType: 'thread'",
    start(workers) {
      pool = workerpool.pool(fileURLToPath(threadUrl('workerpool')), {
        workerType: 'thread',
        minWorkers: workers,
        maxWorkers: workers,
      });
    },
    // Its own thenable, so that no second promise is billed to it.
    run: (taskName, arg, transfer) => pool.exec(taskName, [arg], transfer ? { transfer } : undefined),
    close: () => pool.terminate(),
  };
}
