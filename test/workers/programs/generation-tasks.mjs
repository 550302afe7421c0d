import { getEnvironmentData, threadId, Worker } from 'node:worker_threads';

/** How this thread has loaded its code, and what it and a thread of its own see of that. */
export async function look(value) {
  const worker = new Worker(
    `const { getEnvironmentData, parentPort } = require('node:worker_threads');
     parentPort.postMessage(getEnvironmentData('leastwork:thread-code') ?? null);`,
    { eval: true, execArgv: [] },
  );
  const inherited = await new Promise((resolve) => worker.once('message', resolve));
  await worker.terminate();
  const { default: imported } = await import('data:text/javascript,export default 7');
  const environment = getEnvironmentData('leastwork:thread-code') ?? null;
  return { thread: threadId, compiles: globalThis.compiles.join(), value, imported, environment, inherited };
}

export function fail() {
  throw new RangeError('on purpose');
}

/** Ends the thread by force: its listeners of `exit` do not run. */
export function crash() {
  process.removeAllListeners('exit');
  process.exit(7);
}

/** Replaces in this thread, late, what writes code into memory. */
export function replaceBuiltins() {
  Buffer.prototype.write = () => 0;
  Object.getPrototypeOf(Uint8Array.prototype).set = () => {};
}
