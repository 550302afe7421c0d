/**
 * Loads Piscina from where the code of the threads is, not by `import`: it finds its own file for threads
 * beside itself, so it must not be part of a user's bundle.
 */
import type { Piscina } from 'piscina';
import { requireFrom } from '../errors/module-url.js';
import type { ThreadSettings } from '../options/thread.js';

export type PiscinaClass = typeof Piscina;

/**
 * Piscina as one file for the program and one for its threads: the files of the package take twice as long to
 * load.
 */
const COPY = './piscina/main.cjs';
const PACKAGE = 'piscina';

const known = new Map<boolean, PiscinaClass>();

/**
 * @param entry URL of the file that threads load
 * @param hasPriority whether threads get another priority: by native code, which only the package finds
 * @throws Error it is nowhere
 */
export function piscinaBeside(entry: URL, hasPriority: boolean): PiscinaClass {
  let found = known.get(hasPriority);
  if (found === undefined) {
    found = load(requireFrom(entry), hasPriority ? [PACKAGE, COPY] : [COPY, PACKAGE]).Piscina;
    known.set(hasPriority, found);
  }
  return found;
}

/**
 * Piscina for one thread of those settings.
 * @param minThreads 1: the thread is started at once. 0: by the first call of `run`, since Piscina would
 *   otherwise start a new thread for each that dies, at once and for ever
 */
export function piscinaFor(options: ThreadSettings, minThreads: 0 | 1): Piscina {
  const { niceIncrement = 0 } = options;
  const Piscina = piscinaBeside(options.home, niceIncrement !== 0);
  return new Piscina({
    filename: options.entry.href,
    name: 'install',
    minThreads,
    maxThreads: 1,
    idleTimeout: Number.POSITIVE_INFINITY,
    atomics: 'disabled',
    recordTiming: false,
    resourceLimits: options.resourceLimits as Record<string, number> | undefined,
    env: options.env as Record<string, string> | undefined,
    workerData: options.workerData,
    argv: options.argv as string[] | undefined,
    execArgv: options.execArgv as string[] | undefined,
    niceIncrement,
  });
}

function load(
  require: NodeJS.Require,
  [first, second]: readonly [string, string],
): { readonly Piscina: PiscinaClass } {
  try {
    return require(first);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
  }
  return require(second);
}
