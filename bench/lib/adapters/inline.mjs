import { tasksByName } from '../tasks-by-name.mjs';

/**
 * The task runs where it was called: one core, no threads, no overhead but a promise.
 * @returns {import('./rival.mjs').Rival}
 */
export function create() {
  return {
    name: 'inline',
    package: undefined,
    settings: 'called on the main thread',
    start() {},
    async run(taskName, arg) {
      return tasksByName[taskName](arg);
    },
    async close() {},
  };
}
