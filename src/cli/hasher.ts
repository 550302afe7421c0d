import { setImmediate } from 'node:timers/promises';
import { type HashRequest, hashSmallFiles } from './hash-task.js';
import type { Hasher } from './hashing.js';
import type { Threads } from './threads.js';

/** What it costs to start threads, in requests of small files that the main thread could do meanwhile: some 100 ms. */
const START_REQUESTS = 200;

/** However few requests were done by then, as they are where the disk is slow, the main thread is not alone for longer. */
const ALONE_MS = 500;

/**
 * How many requests the main thread should do before it has threads started: for fewer, `workers` threads do not save what
 * it costs to start them, and one never does. In numbers, since on a busy machine time says little about the work done.
 */
function breakEven(workers: number): number {
  return START_REQUESTS / (1 - 1 / workers);
}

/**
 * Hashes on `workers` threads, and until the first of them is ready on the main thread. That does small regular files only:
 * a large file, and a read from a pipe, would keep it from hearing Ctrl-C. A large one has threads started at once.
 *
 * @param alone requests that the main thread does before it has threads started
 */
export function openHasher(workers: number, alone = breakEven(workers)): Hasher & { close(): Promise<void> } {
  let threads: Promise<Threads> | undefined;
  let isReady = false;

  function start(): Promise<Threads> {
    threads ??= import('./threads.js').then(({ startThreads }) => {
      const started = startThreads(workers);
      const handOver = () => {
        isReady = true;
      };
      // Where none can be started, whoever submits next hears why.
      started.ready.then(handOver, handOver);
      return started;
    });
    return threads;
  }

  return {
    async *map(requests) {
      const source = requests[Symbol.asyncIterator]();
      const latest = performance.now() + ALONE_MS;
      for (let done = 0; ; done++) {
        const next = await source.next();
        if (next.done) return;
        if (isReady || !next.value.regular) {
          yield* (await start()).map(from(next.value, source));
          return;
        }
        yield hashSmallFiles(next.value);
        // A failure to load shows when the threads are needed.
        if (threads === undefined && (done >= alone || performance.now() > latest)) start().catch(() => {});
        // Signals, output and the loading of modules need turns of the event loop.
        await setImmediate();
      }
    },
    submit: async (request) => (await start()).submit(request),
    async close() {
      // Those that are still starting are not waited for: the process ends.
      if (isReady) await (await threads)?.close();
    },
  };
}

async function* from(first: HashRequest, rest: AsyncIterator<HashRequest>): AsyncGenerator<HashRequest> {
  yield first;
  yield* { [Symbol.asyncIterator]: () => rest };
}
