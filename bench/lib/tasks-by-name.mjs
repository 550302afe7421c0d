import * as tasks from './tasks.mjs';

/** The tasks in an object, for those who look them up at run time. */
export const tasksByName = /** @type {Record<string, (arg: any) => any>} */ ({ ...tasks });
