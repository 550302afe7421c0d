/** Options of the threads themselves, as in Node's `new Worker`: checked here, since Node takes no notice of some that are wrong. */
import type { ResourceLimits } from 'node:worker_threads';
import { checkInteger, checkObject, invalid, positive } from './checks.js';
import type { ThreadOptions } from './thread.js';

export interface ThreadStartOptions {
  /**
   * Memory limits of each thread, as in Node's `new Worker`: numbers of MB, > 0. The request that exceeds them rejects with
   * `ERR_WORKER_CRASHED`. Node does its best only: some ways to allocate abort the process nevertheless (nodejs/node#47224). Default:
   * Node's.
   */
  resourceLimits?: ResourceLimits;
  /** Environment of the threads, as in Node's `new Worker`. Default: a copy of the process's. */
  env?: NodeJS.ProcessEnv;
  /** Appended to `process.argv` of the threads. */
  argv?: readonly string[];
  /** Node options of the threads. Default: those of the process. */
  execArgv?: readonly string[];
  /** Raises the niceness of the threads where the optional package `@napi-rs/nice` is installed; an integer from -40 to 40. Default 0. */
  niceIncrement?: number;
  /** URL of the threads' entry file, for programs bundled into one file. Default: beside this package's own code. */
  entry?: string | URL;
}

export const THREAD_OPTION_NAMES = {
  resourceLimits: 0,
  env: 0,
  argv: 0,
  execArgv: 0,
  niceIncrement: 0,
  entry: 0,
} as const satisfies Record<keyof ThreadStartOptions, 0>;

/** @throws InvalidOptionError */
export function threadOptions(options: ThreadStartOptions): ThreadOptions {
  const { resourceLimits, env, argv, execArgv, niceIncrement, entry } = options;
  if (resourceLimits !== undefined) checkResourceLimits(resourceLimits);
  if (env !== undefined && (typeof env !== 'object' || env === null || Array.isArray(env))) {
    throw invalid('env', env, 'an object of strings');
  }
  for (const [name, value] of Object.entries({ argv, execArgv })) {
    if (value !== undefined && !(Array.isArray(value) && value.every((part) => typeof part === 'string'))) {
      throw invalid(name, value, 'an array of strings');
    }
  }
  if (niceIncrement !== undefined) checkInteger('niceIncrement', niceIncrement, -40, 40);
  return {
    resourceLimits,
    env,
    argv,
    execArgv,
    niceIncrement,
    entry: entry === undefined ? undefined : entryUrlOf(entry),
  };
}

function checkResourceLimits(limits: ResourceLimits): void {
  const known = {
    maxOldGenerationSizeMb: 0,
    maxYoungGenerationSizeMb: 0,
    codeRangeSizeMb: 0,
    stackSizeMb: 0,
  } as const;
  checkObject('resourceLimits', limits, known);
  // Node takes no notice of a limit of the wrong type.
  for (const [name, value] of Object.entries(limits)) positive(`resourceLimits.${name}`, value, 0);
}

function entryUrlOf(entry: unknown): URL {
  if (entry instanceof URL) return entry;
  try {
    return new URL(entry as string);
  } catch {
    throw invalid('entry', entry, "a URL, as in new URL('./worker.js', import.meta.url)");
  }
}
