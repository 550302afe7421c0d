/**
 * Options of the threads themselves, as in Node's `new Worker`. Node ignores some that are wrong: so they are
 * checked here.
 */
import type { ResourceLimits } from 'node:worker_threads';
import {
  hasNoClass,
  integerIn,
  invalid,
  numberIn,
  ownValue,
  POSITIVE_NUMBER,
  type Rule,
  STRING,
  STRINGS,
  validate,
  validateNames,
} from './validate.js';

/** Options of a Balancer that concern its threads. */
export interface ThreadOptions {
  /**
   * Memory limits of each thread, as in Node's `new Worker`: numbers of MB > 0;
   * `maxOldGenerationSizeMb` from 8, which a thread needs to come up, `stackSizeMb` from 0.25,
   * `codeRangeSizeMb` up to 65,536. A request that exceeds them is rejected with `ERR_WORKER_CRASHED`. Node
   * cannot keep them in every case: some ways to allocate abort the process nevertheless (nodejs/node#47224).
   * Default: Node's own limits.
   */
  resourceLimits?: ResourceLimits;
  /**
   * Environment of the threads, as in Node's `new Worker`: an object of strings; properties that are
   * `undefined` are left out. Default: a copy of the process's environment.
   */
  env?: NodeJS.ProcessEnv;
  /**
   * A value that each thread finds as `workerData` of `node:worker_threads`, cloned for each. It is read
   * once, when the Balancer is made. Default: none.
   */
  workerData?: unknown;
  /** Strings that are appended to `process.argv` of the threads. Default: none. */
  argv?: readonly string[];
  /** Node's command-line options for the threads, an array of strings. Default: those of the process. */
  execArgv?: readonly string[];
  /**
   * Lowers the priority of the threads, where the optional package `@napi-rs/nice` is installed; an integer
   * from 0 to 40, on Windows from -40, as for `nice`: higher is less urgent. Default 0.
   */
  niceIncrement?: number;
  /**
   * URL of the threads' entry file, for programs that are bundled into one file. Default: the file in this
   * package.
   */
  entry?: string | URL;
}

export const THREAD_OPTION_NAMES = {
  resourceLimits: 0,
  env: 0,
  workerData: 0,
  argv: 0,
  execArgv: 0,
  niceIncrement: 0,
  entry: 0,
} as const satisfies Record<keyof ThreadOptions, 0>;

/** The same after validation: what a thread is started with. */
export interface ThreadSettings {
  readonly resourceLimits?: ResourceLimits;
  readonly env?: NodeJS.ProcessEnv;
  readonly workerData?: unknown;
  readonly argv?: readonly string[];
  readonly execArgv?: readonly string[];
  readonly niceIncrement?: number;
  /** URL of the file that a thread loads. */
  readonly entry: URL;
  /** URL of a file beside which the package that starts threads is found. */
  readonly home: URL;
}

/** Below 0 Piscina refuses it, but on Windows. */
const NICENESS = integerIn(process.platform === 'win32' ? -40 : 0, 40);

/**
 * Node aborts the whole process for a smaller old generation or stack, or for a larger code range: with an old
 * generation of 2 MB always, from version 22 on; with 5 MB version 26 does now and then, while the thread
 * starts, for which it needs some 8 in any case.
 */
const RESOURCE_LIMITS: { readonly [Name in keyof Required<ResourceLimits>]: Rule } = {
  maxOldGenerationSizeMb: {
    allowed: 'a number ≥ 8',
    accepts: (value) => POSITIVE_NUMBER.accepts(value) && (value as number) >= 8,
  },
  maxYoungGenerationSizeMb: POSITIVE_NUMBER,
  codeRangeSizeMb: {
    allowed: 'a number > 0 and up to 65536',
    accepts: (value) => POSITIVE_NUMBER.accepts(value) && (value as number) <= 65_536,
  },
  stackSizeMb: numberIn(0.25, Number.POSITIVE_INFINITY),
};
const RESOURCE_LIMIT_NAMES = Object.keys(RESOURCE_LIMITS) as readonly (keyof ResourceLimits)[];

/**
 * @param entryByDefault URL of the package's own entry file
 * @param snapshot copies a value that is to be sent to threads
 * @throws InvalidOptionError
 * @throws what `entryByDefault` throws, if the entry is not given
 */
export function threadSettings(
  options: ThreadOptions,
  entryByDefault: () => URL,
  snapshot: (value: unknown, name: string) => unknown,
): ThreadSettings {
  const own = <Name extends keyof ThreadOptions>(name: Name) => ownValue(options, name);
  const resourceLimits = own('resourceLimits');
  const env = own('env');
  const workerData = own('workerData');
  const argv = own('argv');
  const execArgv = own('execArgv');
  const niceIncrement = own('niceIncrement');
  const entry = own('entry');
  if (argv !== undefined) validate('argv', argv, STRINGS);
  if (execArgv !== undefined) validate('execArgv', execArgv, STRINGS);
  if (niceIncrement !== undefined) validate('niceIncrement', niceIncrement, NICENESS);
  // Copies, since threads are also started later: by then the caller may have changed what was checked.
  return {
    resourceLimits: resourceLimits === undefined ? undefined : resourceLimitsOf(resourceLimits),
    env: env === undefined ? undefined : environment(env),
    workerData: workerData === undefined ? undefined : snapshot(workerData, 'workerData'),
    argv: argv && [...argv],
    execArgv: execArgv && [...execArgv],
    niceIncrement,
    ...(entry === undefined ? bothAt(entryByDefault()) : withHome(entryUrlOf(entry), entryByDefault)),
  };
}

type Places = Pick<ThreadSettings, 'entry' | 'home'>;

const bothAt = (entry: URL): Places => ({ entry, home: entry });

function withHome(entry: URL, entryByDefault: () => URL): Places {
  try {
    return { entry, home: entryByDefault() };
  } catch {
    // A bundle that has an entry of its own.
    return bothAt(entry);
  }
}

function environment(env: unknown): NodeJS.ProcessEnv {
  // `process.env` has a class of its own. A Map in its place would make an empty environment.
  const isMistaken = (given: object) =>
    Array.isArray(given) || (!hasNoClass(given) && Object.keys(given).length === 0);
  if (typeof env !== 'object' || env === null || isMistaken(env)) {
    throw invalid('env', env, 'an object of strings');
  }
  const copy: NodeJS.ProcessEnv = Object.create(null);
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue;
    validate(`env.${name}`, value, STRING);
    copy[name] = value;
  }
  return copy;
}

function resourceLimitsOf(given: ResourceLimits): ResourceLimits {
  validateNames('resourceLimits', given, RESOURCE_LIMIT_NAMES);
  const limits: ResourceLimits = Object.create(null);
  for (const name of RESOURCE_LIMIT_NAMES) {
    const value = ownValue(given, name);
    if (value === undefined) continue;
    validate(`resourceLimits.${name}`, value, RESOURCE_LIMITS[name]);
    limits[name] = value;
  }
  return limits;
}

function entryUrlOf(entry: unknown): URL {
  if (entry instanceof URL) return entry;
  try {
    return new URL(entry as string);
  } catch {
    throw invalid('entry', entry, "a URL, as in new URL('./worker.js', import.meta.url)");
  }
}
