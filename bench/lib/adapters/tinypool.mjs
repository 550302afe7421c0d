import { fileURLToPath } from 'node:url';
import { Tinypool } from 'tinypool';
import { TASKS_URL } from './rival.mjs';

/**
 * - `runtime: 'worker_threads'` and `useAtomics: true` (the defaults): idle threads wait in `Atomics.wait`.
 * - `concurrentTasksPerWorker: 1` (the default), as for Piscina, whose fork it is.
 * - `minThreads = maxThreads`: no thread is started or ended in a measurement.
 * @returns {import('./rival.mjs').Rival}
 */
export function create() {
  /** @type {Tinypool} */
  let pool;
  /** @type {Record<string, { name: string }>} */
  const byName = {};
  return {
    name: 'tinypool',
    package: 'tinypool',
    settings: 'worker_threads, useAtomics, concurrentTasksPerWorker: 1',
    start(workers) {
      pool = new Tinypool({
        filename: fileURLToPath(TASKS_URL),
        runtime: 'worker_threads',
        minThreads: workers,
        maxThreads: workers,
        useAtomics: true,
        concurrentTasksPerWorker: 1,
      });
    },
    run(taskName, arg, transfer) {
      byName[taskName] ??= { name: taskName };
      return pool.run(arg, transfer ? { name: taskName, transferList: transfer } : byName[taskName]);
    },
    close: () => pool.destroy(),
  };
}
