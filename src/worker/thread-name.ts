/**
 * Names of threads. Node has an option for it, which shows in the inspector and, from Node 24 on, in `top
 * -H`; Piscina does not pass it on. Everywhere on Linux the thread names itself, too: see
 * `workers/thread-name.ts`.
 */
import type { Worker, WorkerOptions } from 'node:worker_threads';

type WorkerClass = new (file: string | URL, options?: WorkerOptions) => Worker;

/** As in `leastwork worker 3`. @param name of the Balancer */
export function threadName(name: string, id: number): string {
  return `${name} worker ${id}`;
}

/**
 * Starts a thread of that name. `start` makes it by `worker_threads.Worker`, and must not run code of the
 * program.
 */
export function withThreadName<T>(name: string, start: () => T): T {
  // The object that `require` gives: those who import see nothing of this.
  const threads = process.getBuiltinModule('node:worker_threads') as { Worker: WorkerClass };
  const { Worker } = threads;
  class NamedWorker extends Worker {
    constructor(file: string | URL, options?: WorkerOptions) {
      super(file, { ...options, name });
    }
  }
  // False where a program has frozen the module: then the thread has no name in the inspector.
  const isReplaced = Reflect.set(threads, 'Worker', NamedWorker);
  try {
    return start();
  } finally {
    if (isReplaced) threads.Worker = Worker;
  }
}
