/**
 * Memory for the compiled code of threads. The first threads of a program read and compile the file of the work
 * loop, which takes each of them some 5 ms. Those that come after them, in the place of others or as a pool grows,
 * find what one of them has compiled.
 *
 * States of the memory, in its first word: empty, taken, ready. A thread that has compiled the code itself, and ends
 * by itself, changes empty to taken by compare-and-swap, so one thread writes: the text, its code, and the lengths
 * of both. Then it stores ready, and from then on nobody writes. A thread reads only where it has loaded ready.
 * One that dies while it writes leaves taken for ever, and each later one compiles.
 *
 * V8 looks whether the code is its own. Where it refuses it, the thread compiles the text. The text belongs to the
 * code: the file may have been replaced meanwhile.
 *
 * Where the program has Node keep what it compiles (`module.enableCompileCache`, from Node 22.1 on), its threads do
 * so in the same folder: Node itself leaves them out. That of `NODE_COMPILE_CACHE` they have from their environment.
 *
 * `workers/shared-code.cts` is the threads' side.
 */
import Module from 'node:module';
import { dirname } from 'node:path';
import { setEnvironmentData } from 'node:worker_threads';

/** As in `workers/entry.cts`. */
const KEY = 'leastwork:thread-code';
const CACHE_KEY = 'leastwork:compile-cache';

/** Some three times what is needed. What is not written takes no memory. */
const BYTES = 2 ** 20;

/** By the URL of the threads' entry. */
const memories = new Map<string, SharedArrayBuffer>();

/**
 * Starts a thread that has the memory, and the folder of compiled code. `start` must not run code of the program.
 * @param isFirst no thread was in its place before: it takes compiled code if there is some, and is no reason to
 * make memory for it
 */
export function withThreadCode<T>(entry: string, isFirst: boolean, start: () => T): T {
  if (!isUsable()) return start();
  return withData(KEY, memoryOf(entry, isFirst), () => withData(CACHE_KEY, compileCache(), start));
}

function withData<T>(key: string, data: SharedArrayBuffer | string | undefined, start: () => T): T {
  if (data === undefined) return start();
  setEnvironmentData(key, data as never);
  try {
    return start();
  } finally {
    setEnvironmentData(key);
  }
}

/** Node names the folder of its own version, which is in the one that it was given. */
function compileCache(): string | undefined {
  const folder = (Module as { getCompileCacheDir?: () => string | undefined }).getCompileCacheDir?.();
  return folder === undefined ? undefined : dirname(folder);
}

function memoryOf(entry: string, isFirst: boolean): SharedArrayBuffer | undefined {
  if (!isFirst && !memories.has(entry)) memories.set(entry, new SharedArrayBuffer(BYTES));
  return memories.get(entry);
}

/** Maps of sources and figures of coverage are for files that Node has loaded itself. */
function isUsable(): boolean {
  return !process.sourceMapsEnabled && process.env.NODE_V8_COVERAGE === undefined;
}
