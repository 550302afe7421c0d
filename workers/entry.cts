/**
 * The file that Piscina loads in a new thread. It is CommonJS: Piscina tries `require` first, which in newer
 * Nodes loads ES modules, too, and Node 20 aborts the whole process if a thread is ended in the middle of
 * that.
 *
 * The rest is one file, which the build makes of `main.ts` and its imports. It is loaded while the main
 * thread hears that this thread is up and sends the call of `install`.
 */
import type { WorkerInit } from '../src/protocol/messages.js' with { 'resolution-mode': 'import' };

type Main = typeof import('./main.js', { with: { 'resolution-mode': 'import' }});
type SharedCode = typeof import('./shared-code.js', { with: { 'resolution-mode': 'import' }});

const { getEnvironmentData, setEnvironmentData } =
  require('node:worker_threads') as typeof import('node:worker_threads');

/** As in `src/worker/thread-code.ts`. */
const KEY = 'leastwork:thread-code';
const CACHE_KEY = 'leastwork:compile-cache';

/** For this thread alone: the program's own threads have no use for it. */
function take(key: string): unknown {
  const data: unknown = getEnvironmentData(key);
  if (data !== undefined) setEnvironmentData(key);
  return data;
}

const memory = take(KEY) as SharedArrayBuffer | undefined;
const cache = take(CACHE_KEY) as string | undefined;
if (cache !== undefined) {
  try {
    const module = require('node:module') as { enableCompileCache?: (folder: string) => unknown };
    module.enableCompileCache?.(cache);
  } catch {
    // It is not needed.
  }
}

/** `undefined`: this thread loads its code from the file. */
let main: Main | undefined;

const load = (): Main => (main ??= memory === undefined ? require('./main.cjs') : fromMemory(memory));

function fromMemory(memory: SharedArrayBuffer): Main {
  const sharedCode = require('./shared-code.cjs') as SharedCode;
  return sharedCode.load(require.resolve('./main.cjs'), __dirname, memory) as Main;
}

setImmediate(load);

exports.install = (init: WorkerInit): void => load().install(init);
