/** Every option of a Balancer: meaning, unit, range, default. They are validated once, here. */
import { availableCores } from './options/cpu-quota.js';
import { type HeartbeatConfig, type HeartbeatOptions, heartbeatConfig } from './options/heartbeat.js';
import {
  OBSERVE_OPTION_NAMES,
  type ObserveOptions,
  type ObserveSettings,
  observeSettings,
} from './options/observe.js';
import { type OutlierConfig, type OutlierOptions, outlierConfig } from './options/outlier.js';
import {
  THREAD_OPTION_NAMES,
  type ThreadOptions,
  type ThreadSettings,
  threadSettings,
} from './options/thread.js';
import {
  BOOLEAN,
  beside,
  DELAY,
  FUNCTION,
  integerIn,
  invalid,
  limitFrom,
  oneOf,
  ownValue,
  POSITIVE_NUMBER,
  type Rule,
  resolve,
  TIMEOUT,
  validate,
  validateNames,
} from './options/validate.js';
import type { PolicyOption } from './policies/index.js';
import type { ScalingLimits } from './pool/scaler.js';
import type { ModuleAddress } from './protocol/messages.js';
import { MAX_CAPACITY } from './protocol/positions.js';
import { moduleAddress } from './tasks/handles.js';
import { plainSnapshot } from './values/snapshot.js';
import { workerEntry } from './worker-entry.js';

/** Options of a Balancer. Times are real time, also while a test tool has installed fake timers. */
export interface BalancerOptions extends ThreadOptions, ObserveOptions {
  /**
   * Number of worker threads: an integer from 1 to 1,024; or limits, `min` from 0 and `max` from 1 and not
   * below `min`. Within limits the set starts with `min` workers, grows when requests wait (see `growAfter`),
   * and shrinks when workers are idle (see `idleTimeout`). With `min: 0` the first request starts a worker.
   * Default: `os.availableParallelism()`, or the CPU quota of the container (cgroup v1 or v2), rounded up,
   * where that is less.
   */
  workers?: number | { min: number; max: number };
  /**
   * Which worker gets the next request: the name of a policy; a JSON config, a list of which the first known
   * name counts; or a custom policy. Default `'least-pending'`.
   */
  policy?: PolicyOption;
  /**
   * Most requests in a worker's window: an integer from 1 to 16,384, where 1 means an exact central queue; or
   * `'auto'`: about 1.5 ms of work, and up to 10 ms more while workers run out of work because the main
   * thread is busy. Default `'auto'`. A number is kept filled whatever the run times.
   */
  window?: number | 'auto';
  /**
   * Most bytes of arguments in a worker's window, a number > 0. A single request may exceed it. Default 4
   * MiB.
   */
  windowBytes?: number;
  /**
   * Most requests that wait, in the queue or for a certain worker (sessions, keys), beside one for each
   * worker that is just starting: an integer ≥ 0, or `Infinity`. Beyond it `submit` rejects with
   * `ERR_QUEUE_FULL`. 0: whatever no worker has room for now. Default: no limit.
   */
  maxQueue?: number;
  /** Default of `submit`'s `timeout`, in ms > 0 from the start of a run; `Infinity`: none. Default: none. */
  timeout?: number;
  /**
   * Default of `submit`'s `queueTimeout`, in ms > 0 from `submit` to the start of a run; `Infinity`: none.
   * Default: none.
   */
  queueTimeout?: number;
  /** Default of `submit`'s `retries`: further runs after a crash of the worker, an integer ≥ 0. Default 0. */
  retries?: number;
  /**
   * How long a running task may take to end by itself, in ms ≥ 0 from its abort or timeout; then its thread
   * is ended. `Infinity`: the thread is never ended. Default 100.
   */
  grace?: number;
  /** Whether inline functions may be sent as source. Default true. */
  inline?: boolean;
  /**
   * Modules that each thread loads at its start: URLs, absolute paths or package names, as for `tasks`. The
   * thread gets no requests before, and loading has no time limit: `queueTimeout` bounds how long requests
   * wait for it. Default: none.
   */
  preload?: readonly (string | URL)[];
  /**
   * Whether stacks of errors show where `submit` was called. Costs some µs for each request. Default false.
   */
  traceSubmit?: boolean;
  /**
   * Most requests that a thread runs before a fresh one takes its place: an integer ≥ 1, or `Infinity`. Each
   * item of a `map` counts as one, whatever it travels in. With 1 each request has a fresh thread. Requests
   * of a session do not count while it is open: it keeps its thread, which ends when the session is closed.
   * The fresh thread is started ahead of time, when the old one has got its last request, or will have before
   * a thread has come up, and waits in reserve until the old one has run its last. A start takes some 20 to
   * 100 ms of a core, so a limit should be worth many times that in run time. Default: `Infinity`.
   */
  maxRequestsPerWorker?: number;
  /**
   * Size of the heap beyond which a worker is replaced by a fresh one, in MB > 0. The thread looks at it
   * between requests, at most every 10 ms, and the old one goes on until the fresh one is up: so a request
   * may take any amount beyond this, and some more requests run there (see `resourceLimits` for a hard
   * limit). Default: never.
   */
  maxHeapPerWorker?: number;
  /**
   * How long the `teardown` of a thread's modules may take, in ms > 0; `Infinity`: no limit. A module may
   * export a function of that name, async or not: it is called when the thread ends in peace, that is when
   * the Balancer is closed, the set becomes smaller, or the worker is recycled or reloaded. Default 5,000.
   */
  teardownTimeout?: number;
  /**
   * What happens to requests when all workers have been removed: `'wait'` until a worker is added, or
   * `'fail'` at once with `ERR_NO_WORKER`. A set that has shrunk to `min: 0` does not count as empty: a
   * request starts a worker. Where threads cannot be started, requests fail in either case, rather than wait
   * for ever. Default `'wait'`.
   */
  whenEmpty?: 'wait' | 'fail';
  /**
   * With `workers: { min, max }`: the set grows when a request has waited for this long, in ms ≥ 0 from
   * `submit`. Default 50.
   */
  growAfter?: number;
  /**
   * With `workers: { min, max }`: workers that have been idle for this long, in ms > 0, are ended. Default
   * 10,000.
   */
  idleTimeout?: number;
  /**
   * How long a worker may show no sign of life, in ms > 0, before its thread is ended and replaced; `false`:
   * no limit. A sign is due when the worker was given a request and runs none, and, while the Balancer is
   * busy, when the worker is idle: then it is pinged. Its requests are not lost. A worker that runs a request
   * may compute for as long as it likes (see `timeout`), unless `whileRunning` is true. Default 30,000.
   */
  heartbeat?: number | HeartbeatOptions | false;
  /**
   * Ejects workers whose requests fail far more often than those of the others (after gRPC A50); `{}`: with
   * the defaults. Requests that such a worker has not started run elsewhere, and a fresh thread takes its
   * place. A crashed thread is replaced in any case. Failures of requests that were aborted or timed out do
   * not count. Default `false`.
   */
  outlierDetection?: OutlierOptions | false;
  /**
   * A task that each fresh thread must run without an error, within `heartbeat`, before it gets requests. A
   * thread that fails it counts as one that could not be started. Default: none.
   */
  check?: () => unknown;
}

/** Options after validation, with every default. Times are in ms. */
export interface Settings extends ObserveSettings {
  readonly min: number;
  readonly max: number;
  readonly policy: PolicyOption;
  readonly depth: number;
  readonly work: number;
  readonly windowBytes: number;
  readonly maxQueue: number;
  readonly timeout: number;
  readonly queueTimeout: number;
  readonly retries: number;
  readonly grace: number;
  readonly inline: boolean;
  readonly preload: readonly ModuleAddress[];
  readonly traceSubmit: boolean;
  readonly maxRequestsPerWorker: number;
  readonly maxHeapPerWorker: number;
  readonly teardownTimeout: number;
  readonly whenEmpty: 'wait' | 'fail';
  readonly growAfter: number;
  readonly idleTimeout: number;
  readonly heartbeat: HeartbeatConfig;
  readonly outliers: OutlierConfig | undefined;
  readonly check: (() => unknown) | undefined;
  readonly thread: ThreadSettings;
}

/** `window: 'auto'`: enough to hide the hand-over, little enough to keep the order. */
const AUTO_DEPTH = 1024;
const AUTO_WORK_MS = 1.5;

const MOST_WORKERS = 1024;
const WORKERS = beside('{ min, max }', integerIn(1, MOST_WORKERS));
const LEAST_WORKERS = integerIn(0, MOST_WORKERS);
const WINDOW = beside("'auto'", integerIn(1, MAX_CAPACITY));
const WHEN_EMPTY = oneOf('wait', 'fail');
const NONE = Number.POSITIVE_INFINITY;
const MEBIBYTE = 1024 * 1024;

const OPTION_NAMES = Object.keys({
  workers: 0,
  policy: 0,
  window: 0,
  windowBytes: 0,
  maxQueue: 0,
  timeout: 0,
  queueTimeout: 0,
  retries: 0,
  grace: 0,
  inline: 0,
  preload: 0,
  traceSubmit: 0,
  maxRequestsPerWorker: 0,
  maxHeapPerWorker: 0,
  teardownTimeout: 0,
  whenEmpty: 0,
  growAfter: 0,
  idleTimeout: 0,
  heartbeat: 0,
  outlierDetection: 0,
  check: 0,
  ...OBSERVE_OPTION_NAMES,
  ...THREAD_OPTION_NAMES,
} as const satisfies Record<keyof BalancerOptions, 0>);

/** @throws InvalidOptionError naming the option, its value and the allowed ones */
export function resolveOptions(options: BalancerOptions): Settings {
  validateNames('new Balancer(options)', options, OPTION_NAMES);
  const own = <Name extends keyof BalancerOptions>(name: Name): BalancerOptions[Name] =>
    ownValue(options, name);
  const { min, max } = workerLimits(own('workers'));
  const { window = 'auto', policy = 'least-pending' } = { window: own('window'), policy: own('policy') };
  const outlierDetection = own('outlierDetection');
  const check = own('check');
  if (window !== 'auto') validate('window', window, WINDOW);
  if (check !== undefined) validate('check', check, FUNCTION);
  const value = <Name extends keyof BalancerOptions>(
    name: Name,
    rule: Rule,
    byDefault: Required<BalancerOptions>[Name],
  ): Required<BalancerOptions>[Name] =>
    resolve(name, own(name) as typeof byDefault | undefined, rule, byDefault);
  return {
    min,
    max,
    policy,
    depth: window === 'auto' ? AUTO_DEPTH : window,
    work: window === 'auto' ? AUTO_WORK_MS : NONE,
    windowBytes: value('windowBytes', POSITIVE_NUMBER, 4 * MEBIBYTE),
    maxQueue: value('maxQueue', limitFrom(0), NONE),
    timeout: value('timeout', TIMEOUT, NONE),
    queueTimeout: value('queueTimeout', TIMEOUT, NONE),
    retries: value('retries', limitFrom(0), 0),
    grace: value('grace', DELAY, 100),
    inline: value('inline', BOOLEAN, true),
    preload: preloadList(own('preload')),
    traceSubmit: value('traceSubmit', BOOLEAN, false),
    maxRequestsPerWorker: value('maxRequestsPerWorker', limitFrom(1), NONE),
    maxHeapPerWorker: value('maxHeapPerWorker', POSITIVE_NUMBER, NONE) * MEBIBYTE,
    teardownTimeout: value('teardownTimeout', TIMEOUT, 5_000),
    whenEmpty: value('whenEmpty', WHEN_EMPTY, 'wait'),
    growAfter: value('growAfter', DELAY, 50),
    idleTimeout: value('idleTimeout', TIMEOUT, 10_000),
    heartbeat: heartbeatConfig(own('heartbeat')),
    outliers:
      outlierDetection === undefined || outlierDetection === false
        ? undefined
        : outlierConfig(outlierDetection),
    check,
    ...observeSettings(options),
    // A function of its own: what copies is loaded by its first use.
    thread: threadSettings(options, workerEntry, (value, name) => plainSnapshot(value, name)),
  };
}

/** @throws InvalidOptionError */
export function workerLimits(workers: BalancerOptions['workers'], name = 'workers'): ScalingLimits {
  if (workers === undefined) {
    const count = Math.min(availableCores(), MOST_WORKERS);
    return { min: count, max: count };
  }
  if (typeof workers === 'object' && workers !== null) {
    validateNames(name, workers, ['min', 'max']);
    const min = ownValue(workers, 'min') as number;
    const max = ownValue(workers, 'max') as number;
    validate(`${name}.min`, min, LEAST_WORKERS);
    validate(`${name}.max`, max, integerIn(Math.max(1, min), MOST_WORKERS));
    return { min, max };
  }
  validate(name, workers, WORKERS);
  return { min: workers, max: workers };
}

function preloadList(preload: unknown): readonly ModuleAddress[] {
  if (preload === undefined) return [];
  if (!Array.isArray(preload)) {
    throw invalid('preload', preload, 'an array of URLs, absolute paths or package names');
  }
  return preload.map((module, i) => moduleAddress(module, `preload[${i}]`));
}
