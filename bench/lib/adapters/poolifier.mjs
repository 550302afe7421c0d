import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { FixedThreadPool } from 'poolifier';
import { threadUrl } from './rival.mjs';

/**
 * As it comes: no tasks queue, so every task is pushed to a thread at once. Its fastest way for short tasks.
 * - `FixedThreadPool`: no thread is started or ended in a measurement
 * - `LEAST_USED` (the default strategy): the thread with the fewest tasks
 * - `enableEvents: false`: no events that nobody hears
 * @returns {import('./rival.mjs').Rival}
 */
export function create() {
  return poolifier('poolifier', 'FixedThreadPool, LEAST_USED, enableEvents: false', {});
}

/**
 * @param {string} name
 * @param {string} settings
 * @param {import('poolifier').ThreadPoolOptions} options
 * @returns {import('./rival.mjs').Rival}
 */
export function poolifier(name, settings, options) {
  /** @type {FixedThreadPool} */
  let pool;
  return {
    name,
    package: 'poolifier',
    settings,
    start(workers) {
      pool = new FixedThreadPool(workers, fileURLToPath(threadUrl('poolifier')), {
        workerChoiceStrategy: 'LEAST_USED',
        enableEvents: false,
        errorHandler: (error) => {
          throw error;
        },
        ...options,
      });
    },
    run: (taskName, arg, transfer) => pool.execute(arg, taskName, undefined, transfer),
    // poolifier 5.3.2: `destroy` sometimes ends every thread and yet never settles.
    close: () => Promise.race([pool.destroy(), setTimeout(2_000)]),
  };
}
