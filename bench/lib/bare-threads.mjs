import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const CODE = `
  const { parentPort, workerData: { items, source } } = require('node:worker_threads');
  const task = (0, eval)('(' + source + ')');
  parentPort.on('message', () => {
    let last;
    for (const item of items) last = task(item);
    parentPort.postMessage(last);
  });
  parentPort.postMessage('ready');
`;

/**
 * Threads that hold equal shares of the items, and run the task on all of them when told to: the limit of
 * what sharing the work can gain on this machine.
 * @param {number} count
 * @param {unknown[]} items
 * @param {(item: any) => unknown} task refers to nothing outside
 */
export async function bareThreads(count, items, task) {
  const share = Math.ceil(items.length / count);
  const threads = Array.from({ length: count }, (_, n) => {
    const workerData = { items: items.slice(n * share, (n + 1) * share), source: String(task) };
    return new Worker(CODE, { eval: true, workerData });
  });
  await Promise.all(threads.map((thread) => once(thread, 'message')));
  return {
    async run() {
      const done = threads.map((thread) => once(thread, 'message'));
      for (const thread of threads) thread.postMessage('run');
      await Promise.all(done);
    },
    end: () => Promise.all(threads.map((thread) => thread.terminate())),
  };
}
