/**
 * The narrow interface through which the benchmarks see every pool.
 *
 * Each adapter states its settings in `settings`, with the reason in a comment: the ones that its
 * documentation or a measurement gives as the best for CPU-bound tasks.
 *
 * @typedef {object} Rival
 * @property {string} name as shown in tables and plots
 * @property {string | undefined} package whose version is noted beside the results
 * @property {string} settings what was set, in words
 * @property {(workers: number) => void} start creates the pool; does not wait for its threads
 * @property {(taskName: string, arg: unknown, transfer?: ArrayBuffer[], key?: string) => Promise<any>} run
 * @property {() => Promise<unknown>} close ends the threads
 *
 * An adapter's module exports `create(): Rival`, so that one process can hold the same pool with several
 * sizes.
 */

/** The module of tasks, as a URL. */
export const TASKS_URL = new URL('../tasks.mjs', import.meta.url);

/**
 * The entry file of a rival's threads.
 * @param {string} name
 */
export function threadUrl(name) {
  return new URL(`../threads/${name}.mjs`, import.meta.url);
}
