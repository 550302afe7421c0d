import { setImmediate } from 'node:timers/promises';
import { isWatched, type WatchOptions } from '../watch-options.js';
import { type HashReply, type HashRequest, hashSmallFiles } from './hash-task.js';
import { Merge } from './merge.js';
import type { Hasher } from './pipeline.js';
import { SharedSource } from './shared-source.js';
import type { Threads } from './threads.js';

/**
 * The cost of starting threads, counted in requests of small files. Measured: 160 ms of processor time to
 * load the Balancer, to start the threads and to compile the code in each. Rated higher here, since on a busy
 * machine nothing else gets done meanwhile.
 */
const START_REQUESTS = 200;

/** After this time threads are started even for few requests: the disk may be slow. */
const LOOK_AHEAD_MS = 500;

/** With more workers than this, finding files keeps the main thread busy enough. */
const MAX_WORKERS_WITH_MAIN = 8;

/**
 * The number of requests from which `workers` threads save more time than their start costs. Infinite for
 * one.
 */
function breakEven(workers: number): number {
  return START_REQUESTS / (1 - 1 / workers);
}

export interface HasherOptions {
  /** From how many requests on threads are worth starting. */
  readonly manyRequests?: number;
  /** Default: nobody watches. */
  readonly watch?: WatchOptions;
}

export interface OpenHasher extends Hasher {
  /** Writes what is left of traces and profiles. */
  stopWatch(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Hashes on `workers` threads. Up to MAX_WORKERS_WITH_MAIN, the main thread is one of them, for small regular
 * files only: while it reads a large file or a pipe it could not react to Ctrl-C. The first file of those
 * kinds adds one thread in its place.
 *
 * The main thread hashes few files alone. It looks ahead in the list, so that the threads start as early as
 * possible where there are many.
 *
 */
export function openHasher(
  workers: number,
  { manyRequests = breakEven(workers), watch }: HasherOptions = {},
): OpenHasher {
  // Whoever watches threads, wants to see them work.
  const isSeen = watch !== undefined && isWatched(watch);
  const takesPart = workers <= MAX_WORKERS_WITH_MAIN && !isSeen;
  let threads: Promise<Threads> | undefined;
  let isUp = false;

  function start(): Promise<Threads> {
    threads ??= import('./threads.js').then(({ startThreads }) => {
      const started = startThreads(
        takesPart ? Math.max(1, workers - 1) : workers,
        isSeen ? watch : undefined,
      );
      const up = () => {
        isUp = true;
      };
      // Where no thread can be started, `submit` rejects with the reason.
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

  /** The main thread's share of the work. */
  async function hashHere(source: SharedSource<HashRequest>, replies: Merge<HashReply>): Promise<void> {
    for (let request = await source.take(); request !== undefined; request = await source.take()) {
      if (request.regular) replies.add(hashSmallFiles(request));
      else replies.expect(submit(request));
      if (isUp && !takesPart) return;
      // Signals, output, replies of threads and the loading of modules need turns of the event loop.
      await setImmediate();
    }
  }

  /** The threads' share of the work. All may be done before the first of them is ready. */
  async function hashThere(source: SharedSource<HashRequest>, replies: Merge<HashReply>): Promise<void> {
    const started = await start();
    await Promise.race([started.ready, source.ended]);
    if (source.isEmpty) return;
    for await (const reply of started.map(source)) replies.add(reply);
  }

  return {
    async *map(requests) {
      const source = new SharedSource(requests);
      const replies = new Merge<HashReply>();
      if (isSeen) replies.expect(hashThere(source, replies));
      else replies.expect(hashHere(source, replies));
      if (!isSeen && workers > 1 && (await source.lookAhead(manyRequests, LOOK_AHEAD_MS)))
        replies.expect(hashThere(source, replies));
      yield* replies.all();
    },
    submit,
    async stopWatch() {
      await (await threads)?.stopWatch();
    },
    async close() {
      // Threads that are still starting are not waited for: the process ends.
      if (isUp) await (await threads)?.close();
    },
  };
}
