import { Worker } from 'node:worker_threads';
import { threadUrl } from './rival.mjs';

/**
 * No pool at all: one message per task, in turn to the threads, one message back. What Node gives for
 * nothing.
 * @returns {import('./rival.mjs').Rival}
 */
export function create() {
  /** @type {Worker[]} */
  const threads = [];
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: unknown) => void }>} */
  const waiting = new Map();
  let nextId = 0;
  let turn = 0;

  /** @param {[id: number, failed: boolean, value: any]} message */
  const settle = ([id, failed, value]) => {
    const request = waiting.get(id);
    waiting.delete(id);
    if (failed) request.reject(value);
    else request.resolve(value);
  };

  return {
    name: 'postMessage',
    package: undefined,
    settings: 'raw worker threads, round robin',
    start(workers) {
      for (let i = 0; i < workers; i++) {
        const thread = new Worker(threadUrl('postmessage'));
        thread.on('message', settle);
        threads.push(thread);
      }
    },
    run(taskName, arg, transfer) {
      const id = nextId++;
      const thread = threads[turn];
      turn = (turn + 1) % threads.length;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        thread.postMessage([id, taskName, arg], transfer);
      });
    },
    close: () => Promise.all(threads.map((thread) => thread.terminate())),
  };
}
