import { tasks } from 'leastwork';

/** Tasks that fail in chosen ways. */
export const faults = tasks(new URL('../fixtures/faults/tasks.mjs', import.meta.url));

/** Ways to crash while running, and what the error then says. */
export const CRASHES = [
  { how: 'exit', exitCode: 7, cause: undefined },
  {
    how: 'uncaught error',
    exitCode: 1,
    cause: { name: 'RangeError', message: 'uncaught on purpose', code: 'E_LATE' },
  },
  { how: 'uncaught in a microtask', exitCode: 1, cause: { message: 'uncaught on purpose' } },
  { how: 'unhandled rejection', exitCode: 1, cause: { message: 'uncaught on purpose' } },
  { how: 'uncaught undefined', exitCode: 1, cause: undefined },
  { how: 'out of memory', exitCode: 1, cause: { code: 'ERR_WORKER_OUT_OF_MEMORY' } },
] as const;
