import { fileURLToPath } from 'node:url';
import { FixedQueue, Piscina } from 'piscina';
import { TASKS_URL } from './rival.mjs';

/**
 * - `atomics: 'sync'` (the default): idle threads wait in `Atomics.wait`, the fastest of its three modes.
 * - `concurrentTasksPerWorker: 1` (the default): its documentation keeps more for tasks that await.
 * - `FixedQueue`: the constant-time queue that its documentation recommends for long queues.
 * - `recordTiming: false`: two histograms less per task.
 * - `minThreads = maxThreads`: no thread is started or ended in a measurement.
 * @returns {import('./rival.mjs').Rival}
 */
export function create() {
  return piscina(
    'piscina',
    "atomics: 'sync', concurrentTasksPerWorker: 1, FixedQueue, recordTiming: false",
    1,
  );
}

/**
 * @param {string} name
 * @param {string} settings
 * @param {number} concurrentTasksPerWorker
 * @returns {import('./rival.mjs').Rival}
 */
export function piscina(name, settings, concurrentTasksPerWorker) {
  /** @type {Piscina} */
  let pool;
  /** @type {Record<string, { name: string }>} */
  const byName = {};
  return {
    name,
    package: 'piscina',
    settings,
    start(workers) {
      pool = new Piscina({
        filename: fileURLToPath(TASKS_URL),
        minThreads: workers,
        maxThreads: workers,
        atomics: 'sync',
        concurrentTasksPerWorker,
        taskQueue: new FixedQueue(),
        recordTiming: false,
      });
    },
    run(taskName, arg, transfer) {
      byName[taskName] ??= { name: taskName };
      return pool.run(arg, transfer ? { name: taskName, transferList: transfer } : byName[taskName]);
    },
    close: () => pool.destroy(),
  };
}
