import { setImmediate } from 'node:timers/promises';
import { type HashReply, type HashRequest, hashSmallFiles } from './hash-task.js';
import { Replies } from './merge.js';
import type { Hasher } from './pipeline.js';
import { SharedSource } from './source.js';
import type { Threads } from './threads.js';

/**
 * What it costs to start threads, in requests of small files that could be done meanwhile: measured, 160 ms of processor time, to load the
 * Balancer, to bring threads up, and to compile for each what it does. On a busy machine all of it is lost, so it is rated higher.
 */
const START_REQUESTS = 200;

/** For how long there may be too few requests to start threads for, as where the disk is slow. */
const LOOK_MS = 500;

/** With more workers than that, the main thread has enough to do with finding files for them. */
const MOST_WITH_MAIN = 8;

/** How many requests there must be so that `workers` threads save more time than it costs to start them. One never does. */
function breakEven(workers: number): number {
  return START_REQUESTS / (1 - 1 / workers);
}

/**
 * Hashes on `workers` threads. If they are not many, the main thread is one of them as long as all files are small and known to be
 * regular: a large file, and a read from a pipe, would keep it from hearing Ctrl-C. With the first of these there are that many beside it.
 *
 * Few files are done by the main thread alone. It looks ahead to see whether they are few, so that where they are not, the threads
 * come up as early as can be.
 *
 * @param few how many requests are not few any more
 */
export function openHasher(workers: number, few = breakEven(workers)): Hasher & { close(): Promise<void> } {
  const takesPart = workers <= MOST_WITH_MAIN;
  let threads: Promise<Threads> | undefined;
  let isUp = false;

  function start(): Promise<Threads> {
    threads ??= import('./threads.js').then(({ startThreads }) => {
      const started = startThreads(takesPart ? Math.max(1, workers - 1) : workers);
      const up = () => {
        isUp = true;
      };
      // Where none can be started, whoever submits hears why.
      started.ready.then(up, up);
      return started;
    });
    return threads;
  }

  async function submit(request: HashRequest): Promise<HashReply> {
    const started = await start();
    started.grow(workers);
    return started.submit(request);
  }

  /** The main thread's part. */
  async function hashHere(source: SharedSource<HashRequest>, replies: Replies<HashReply>): Promise<void> {
    for (let request = await source.take(); request !== undefined; request = await source.take()) {
      if (request.regular) replies.add(hashSmallFiles(request));
      else replies.expect(submit(request));
      if (isUp && !takesPart) return;
      // Signals, output, the threads and the loading of modules need turns of the event loop.
      await setImmediate();
    }
  }

  /** The threads' part. They may come up when all is done. */
  async function hashThere(source: SharedSource<HashRequest>, replies: Replies<HashReply>): Promise<void> {
    const started = await start();
    await Promise.race([started.ready, source.ended]);
    if (source.isEmpty) return;
    for await (const reply of started.map(source)) replies.add(reply);
  }

  return {
    async *map(requests) {
      const source = new SharedSource(requests);
      const replies = new Replies<HashReply>();
      replies.expect(hashHere(source, replies));
      if (workers > 1 && (await source.lookAhead(few, LOOK_MS))) replies.expect(hashThere(source, replies));
      yield* replies.all();
    },
    submit,
    async close() {
      // Those that are still starting are not waited for: the process ends.
      if (isUp) await (await threads)?.close();
    },
  };
}
