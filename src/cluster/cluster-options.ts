/** Options of a Cluster and of its calls. */
import { InvalidOptionError } from '../errors/errors.js';
import { resolveSubmitOptions, type SubmitOptions } from '../options/submit.js';
import {
  type Fields,
  isRecord,
  limitFrom,
  MOST_MS,
  numberIn,
  ownValue,
  type Rule,
  resolve,
  TIMEOUT,
  validateNames,
} from '../options/validate.js';
import { LocalOnlyError } from './errors.js';
import { ENGINE_NAMES, type EngineOptions, type EngineSettings, resolveEngineOptions } from './options.js';

export interface ClusterLimits {
  /**
   * Requests that may be under way: an integer ≥ 1, or `Infinity`. A further one is refused with
   * `ERR_QUEUE_FULL`. Default 10,000.
   */
  maxQueue?: number;
  /**
   * Further runs of a request after the machine that ran it was lost, or the engine has lost its job: an
   * integer ≥ 0. With 0 a request never runs a second time, and is rejected with `ERR_MACHINE_LOST`. Three
   * lost machines end it in any case. Default 2.
   */
  retries?: number;
  /** Longest run of a request, in ms > 0; `Infinity`: none. Default `Infinity`. */
  timeout?: number;
  /**
   * Longest time until a machine takes a request, from `submit` and its `delay`, in ms > 0; `Infinity`: none.
   * Default `Infinity`.
   */
  queueTimeout?: number;
  /**
   * How long a request waits where no machine serves its task, in ms > 0; `Infinity`: for ever. Then it is
   * rejected with `ERR_NO_MACHINE`, which says what is served. Default 30,000.
   */
  machineTimeout?: number;
}

/** Where the engine is, and what a Cluster allows. */
export type ClusterOptions = EngineOptions & ClusterLimits;

/**
 * Options of one `submit` on a Cluster. `key`, `transfer` and `onProgress` are refused: they work within one
 * process.
 */
export interface ClusterSubmitOptions extends SubmitOptions {
  /** Time before which no machine takes the request, in ms ≥ 0. Default 0. */
  delay?: number;
}

/** `ClusterOptions` after validation. */
export interface ClusterSettings {
  readonly engine: EngineSettings;
  readonly maxQueue: number;
  readonly retries: number;
  readonly timeout: number;
  readonly queueTimeout: number;
  readonly machineTimeout: number;
}

type OwnOptions = Omit<ClusterSettings, 'engine'>;

const FIELDS: Fields<OwnOptions> = {
  maxQueue: [10_000, limitFrom(1)],
  retries: [2, limitFrom(0)],
  timeout: [Number.POSITIVE_INFINITY, TIMEOUT],
  queueTimeout: [Number.POSITIVE_INFINITY, TIMEOUT],
  machineTimeout: [30_000, TIMEOUT],
};
const DELAY_MS: Rule = numberIn(0, MOST_MS);

/** @throws InvalidOptionError */
export function resolveClusterOptions(options: ClusterOptions): ClusterSettings {
  const what = 'Cluster options';
  validateNames(what, options, [...ENGINE_NAMES, ...Object.keys(FIELDS)]);
  const field = (key: keyof OwnOptions): number => {
    const [byDefault, rule] = FIELDS[key];
    return resolve(`${what}.${key}`, ownValue(options, key), rule, byDefault);
  };
  return {
    engine: resolveEngineOptions(options, what),
    maxQueue: field('maxQueue'),
    retries: field('retries'),
    timeout: field('timeout'),
    queueTimeout: field('queueTimeout'),
    machineTimeout: field('machineTimeout'),
  };
}

/** Options of one request, after validation. */
export interface RequestSettings {
  readonly signal: AbortSignal | undefined;
  readonly timeout: number;
  readonly queueTimeout: number;
  readonly retries: number;
  readonly priority: number;
  readonly delay: number;
  readonly context: unknown;
}

/**
 * @throws InvalidOptionError
 * @throws LocalOnlyError an option that works within one process
 */
export function resolveRequestOptions(
  options: ClusterSubmitOptions | undefined,
  defaults: ClusterSettings,
): RequestSettings {
  const { delay, ...others } = splitDelay(options);
  const { signal, timeout, queueTimeout, priority, key, transfer, retries, context, onProgress } =
    resolveSubmitOptions(others.rest);
  refuseLocal({ key, transfer, onProgress });
  return {
    signal,
    timeout: timeout ?? defaults.timeout,
    queueTimeout: queueTimeout ?? defaults.queueTimeout,
    retries: retries ?? defaults.retries,
    priority: priority ?? 0,
    delay,
    context,
  };
}

function splitDelay(options: ClusterSubmitOptions | undefined): { delay: number; rest: SubmitOptions } {
  if (options === undefined) return { delay: 0, rest: {} };
  if (!isRecord(options)) return { delay: 0, rest: options };
  refuseUnknown(options);
  if (!Object.hasOwn(options, 'delay')) return { delay: 0, rest: options };
  const { delay, ...rest } = options as ClusterSubmitOptions;
  // Engines know whole ms.
  return { delay: Math.ceil(resolve('submit options.delay', delay, DELAY_MS, 0)), rest };
}

const LOCAL = {
  key: 'keys choose a worker thread',
  transfer: 'what goes to another machine is copied',
  onProgress: 'progress is told within one process',
} as const;

const REMOTE_NAMES: readonly (keyof ClusterSubmitOptions)[] = [
  'signal',
  'timeout',
  'queueTimeout',
  'priority',
  'retries',
  'context',
  'delay',
];

/** Names what works here, where what works with a Balancer would be named. @throws InvalidOptionError */
function refuseUnknown(options: object): void {
  const isLocal = (name: string): boolean => Object.hasOwn(LOCAL, name);
  if (Object.keys(options).every((name) => isLocal(name) || (REMOTE_NAMES as string[]).includes(name)))
    return;
  const others = Object.entries(options).filter(([name]) => !isLocal(name));
  validateNames('submit options', Object.fromEntries(others), REMOTE_NAMES);
}

/** @throws LocalOnlyError */
export function refuseLocal(given: { readonly [K in keyof typeof LOCAL]: unknown }): void {
  for (const [name, why] of Object.entries(LOCAL)) {
    if (given[name as keyof typeof LOCAL] === undefined) continue;
    throw new LocalOnlyError(`the option ${name} works with a Balancer only, not with a Cluster: ${why}`);
  }
}

/** BullMQ's priorities: 1 comes first, and a job without one before all others. So each job has one. */
const MIDDLE = 2 ** 20;
const LAST = 2 ** 21 - 1;

/** @param priority ours: the higher one comes first */
export function enginePriority(priority: number): number {
  return Math.min(LAST, Math.max(1, MIDDLE - Math.round(priority)));
}

/** @throws InvalidOptionError */
export function mustBeArguments(args: unknown): asserts args is readonly unknown[] {
  if (Array.isArray(args)) return;
  throw new InvalidOptionError(
    'submit(task, args)',
    typeof args,
    'an array of arguments, as in submit(task, [1, 2])',
  );
}
