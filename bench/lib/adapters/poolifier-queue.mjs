import { poolifier } from './poolifier.mjs';

/**
 * With its tasks queue: one task at a time per thread, and a queue per thread on the main side. Its fairest
 * way when the lengths of tasks differ. Stealing is off, though documented as on: with it, poolifier 5.3.2
 * left its threads idle for half of the time (800 blocks of 5 ms on 8 threads: 1,050 ms instead of 520), and
 * at load 0.7 its queues grew without bound.
 * @returns {import('./rival.mjs').Rival}
 */
export function create() {
  return poolifier(
    'poolifier, tasks queue',
    'as poolifier, enableTasksQueue: true, concurrency: 1, stealing off',
    {
      enableTasksQueue: true,
      tasksQueueOptions: { concurrency: 1, taskStealing: false, tasksStealingOnBackPressure: false },
    },
  );
}
