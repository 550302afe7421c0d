import * as tasks from '../tasks.mjs';

/** @type {Record<string, any>} */
const named = { ...tasks };

/**
 * The same tasks as a sandboxed processor: a job is an array of items, its result that of their results.
 * @param {import('bullmq').Job} job
 */
export default async function runJob({ name, data }) {
  const run = named[name];
  return data.map((/** @type {any} */ item) => run(item) ?? null);
}
