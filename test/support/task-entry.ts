/** URL of `leastwork/task`, for inline functions: bare names mean nothing where they run. */
export const taskEntry = new URL('../../dist/workers/task.js', import.meta.url).href;
