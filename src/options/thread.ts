/** Options of the threads themselves, as in Node's `new Worker`: checked here, since Node takes no notice of some that are wrong. */
import type { ResourceLimits } from 'node:worker_threads';
import { checkInteger, checkObject, hasNoClass, invalid, positive } from './validate.js';

/** Options of a Balancer that concern its threads. */
export interface ThreadOptions {
  /**
   * Memory limits of each thread, as in Node's `new Worker`: numbers of MB, > 0; `stackSizeMb` from 0.25, `codeRangeSizeMb` up to 65,536. The request that exceeds them rejects with
   * `ERR_WORKER_CRASHED`. Node does its best only: some ways to allocate abort the process nevertheless (nodejs/node#47224). Default:
   * Node's.
   */
  resourceLimits?: ResourceLimits;
  /** Environment of the threads, as in Node's `new Worker`: strings, and what is `undefined` is left out. Default: a copy of the process's. */
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
} as const satisfies Record<keyof ThreadOptions, 0>;

/** The same after validation: what a thread is started with. */
export interface ThreadSettings {
  readonly resourceLimits?: ResourceLimits;
  readonly env?: NodeJS.ProcessEnv;
  readonly argv?: readonly string[];
  readonly execArgv?: readonly string[];
  readonly niceIncrement?: number;
  /** URL of the file that a thread loads. */
  readonly entry: URL;
}

/** @param entryByDefault URL of the package's own entry file @throws InvalidOptionError */
export function threadSettings(options: ThreadOptions, entryByDefault: URL): ThreadSettings {
  const { resourceLimits, env, argv, execArgv, niceIncrement, entry } = options;
  if (resourceLimits !== undefined) checkResourceLimits(resourceLimits);
  for (const [name, value] of Object.entries({ argv, execArgv })) {
    if (value !== undefined && !(Array.isArray(value) && value.every((part) => typeof part === 'string'))) {
      throw invalid(name, value, 'an array of strings');
    }
  }
  if (niceIncrement !== undefined) checkInteger('niceIncrement', niceIncrement, -40, 40);
  // Copies: threads are started later, too, when the caller may have changed what was checked.
  return {
    resourceLimits: resourceLimits && { ...resourceLimits },
    env: env === undefined ? undefined : environment(env),
    argv: argv && [...argv],
    execArgv: execArgv && [...execArgv],
    niceIncrement,
    entry: entry === undefined ? entryByDefault : entryUrlOf(entry),
  };
}

function environment(env: unknown): NodeJS.ProcessEnv {
  // `process.env` has a class of its own. A map that is given in its place would make an empty environment.
  const isMistaken = (given: object) =>
    Array.isArray(given) || (!hasNoClass(given) && Object.keys(given).length === 0);
  if (typeof env !== 'object' || env === null || isMistaken(env)) {
    throw invalid('env', env, 'an object of strings');
  }
  const copy: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue;
    if (typeof value !== 'string') throw invalid(`env.${name}`, value, 'a string');
    copy[name] = value;
  }
  return copy;
}

/** Beyond these Node aborts the whole process. */
const LEAST_STACK_MB = 0.25;
const MOST_CODE_RANGE_MB = 65_536;

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
  const { stackSizeMb, codeRangeSizeMb } = limits;
  if (stackSizeMb !== undefined && stackSizeMb < LEAST_STACK_MB) {
    throw invalid('resourceLimits.stackSizeMb', stackSizeMb, `a number ≥ ${LEAST_STACK_MB}`);
  }
  if (codeRangeSizeMb !== undefined && codeRangeSizeMb > MOST_CODE_RANGE_MB) {
    throw invalid('resourceLimits.codeRangeSizeMb', codeRangeSizeMb, `a number up to ${MOST_CODE_RANGE_MB}`);
  }
}

function entryUrlOf(entry: unknown): URL {
  if (entry instanceof URL) return entry;
  try {
    return new URL(entry as string);
  } catch {
    throw invalid('entry', entry, "a URL, as in new URL('./worker.js', import.meta.url)");
  }
}
