/** The function of a task. */
export type TaskFunction = (...args: unknown[]) => unknown;
