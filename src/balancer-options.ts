/** Every option: meaning, unit, range, default. Validated once, here. */
import { availableParallelism } from 'node:os';
import { type HeartbeatConfig, type HeartbeatOptions, heartbeatConfig } from './options/heartbeat.js';
import { type OutlierConfig, type OutlierOptions, outlierConfig } from './options/outlier.js';
import {
  THREAD_OPTION_NAMES,
  type ThreadOptions,
  type ThreadSettings,
  threadSettings,
} from './options/thread.js';
import {
  boolean,
  checkInteger,
  checkObject,
  duration,
  durationOrZero,
  integer,
  invalid,
  positive,
} from './options/validate.js';
import type { PolicyOption } from './policies/index.js';
import type { ScalingLimits } from './pool/scaler.js';
import type { ModuleAddress } from './protocol/messages.js';
import { MAX_CAPACITY } from './protocol/positions.js';
import { moduleAddress } from './tasks/handles.js';
import { WORKER_ENTRY } from './worker-entry.js';

/** Options of a Balancer. */
export interface BalancerOptions extends ThreadOptions {
  /**
   * How many worker threads: an integer from 1 to 1,024, or limits between which the set grows when requests wait and
   * shrinks when workers idle (`min` from 0, `max` from 1 and not below `min`). It starts with `min`; with none, the first
   * request starts one. Default: `os.availableParallelism()`.
   */
  workers?: number | { min: number; max: number };
  /** Who gets the next request: a policy's name, a JSON config (a list; the first known name wins), or an own object. Default `'least-pending'`. */
  policy?: PolicyOption;
  /**
   * How many requests may be in a worker's window: an integer from 1 to 16,384, where 1 is an exact central queue; or
   * `'auto'`: about 1.5 ms of work, and up to 10 ms more while workers run dry since the main thread is busy with other things.
   * Default `'auto'`.
   */
  window?: number | 'auto';
  /** Most bytes of arguments sent ahead to one worker, > 0; one request always may. Default 4 MiB. */
  windowBytes?: number;
  /** Most requests waiting in the queue, or for one worker alone (sessions, keys), together; an integer ≥ 1; `submit` rejects with `ERR_QUEUE_FULL` beyond. Default: no limit. */
  maxQueue?: number;
  /** Default for `submit`'s `timeout`, in ms from the start of a run, > 0. Default: none. */
  timeout?: number;
  /** Default for `submit`'s `queueTimeout`, in ms from `submit` to the start of a run, > 0. Default: none. */
  queueTimeout?: number;
  /** Default for `submit`'s `retries`: further runs after a crash of the worker, an integer ≥ 0. Default 0. */
  retries?: number;
  /** After an abort or a timeout, how long a running task may take to end by itself before its thread is ended, in ms ≥ 0; `Infinity`: for ever. Default 100. */
  grace?: number;
  /** Whether inline functions may be sent as source. Default true. */
  inline?: boolean;
  /**
   * Modules that each thread loads at its start, as for `tasks`: URLs, absolute paths or package names. The thread gets nothing before, and
   * may take as long as it likes: a `queueTimeout` bounds how long requests wait for it. Default none.
   */
  preload?: readonly (string | URL)[];
  /** Whether to record for each request where `submit` was called, for the stacks of errors; costs some µs a request. Default false. */
  traceSubmit?: boolean;
  /** A worker is replaced by a fresh one after this many requests, an integer ≥ 1. Default: never. */
  maxRequestsPerWorker?: number;
  /** A worker is replaced by a fresh one when its heap is larger than this, in MB, > 0. Default: never. */
  maxHeapPerWorker?: number;
  /**
   * What requests do while the set is empty for good, since all workers have been removed: `'wait'` until one is added, or `'fail'` at once
   * with `ERR_NO_WORKER`. A set that has shrunk to `min: 0` is not empty in this sense: a request starts a worker. Where threads
   * cannot be started, requests fail in any case rather than wait without end. Default `'wait'`.
   */
  whenEmpty?: 'wait' | 'fail';
  /** With `workers: { min, max }`: the set grows when a request has waited that long, in ms ≥ 0. Default 50. */
  growAfter?: number;
  /** With `workers: { min, max }`: workers that were idle all through this time are ended, in ms > 0. Default 10,000. */
  idleTimeout?: number;
  /**
   * How long a worker may show no sign of life, in ms > 0, before its thread is ended and replaced; `false`: for ever. A worker owes a
   * sign when it was given a request and runs none, and, while the Balancer is busy, when it idles: then it is pinged. None of its
   * requests is lost by that. A worker that runs a request may compute for as long as it likes (see `timeout`), unless
   * `whileRunning` is true. Default 30,000.
   */
  heartbeat?: number | HeartbeatOptions | false;
  /**
   * Takes out workers whose requests fail far more often than the others' (after gRPC A50); `{}`: with the defaults. What such a worker
   * has not started runs elsewhere, and a fresh thread takes its place when it has passed its check. A crashed thread is replaced
   * in any case. Failures of requests that were aborted or timed out do not count. Default `false`.
   */
  outlierDetection?: OutlierOptions | false;
  /**
   * A task that each fresh thread must run without an error before it gets requests, in no longer than `heartbeat`. A thread that fails it
   * counts as one that could not be started. Default: none; that it has come up and loaded what is to be preloaded is enough.
   */
  check?: () => unknown;
}

/** Options after validation, with every default. */
export interface Settings {
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
  readonly whenEmpty: 'wait' | 'fail';
  readonly growAfter: number;
  readonly idleTimeout: number;
  readonly heartbeat: HeartbeatConfig;
  readonly outliers: OutlierConfig | undefined;
  readonly check: (() => unknown) | undefined;
  readonly thread: ThreadSettings;
}

const MOST_WORKERS = 1024;
/** `window: 'auto'`: enough to hide the hand-over, little enough to keep the order. */
const AUTO_DEPTH = 1024;
const AUTO_WORK_MS = 1.5;
const OPTION_NAMES = {
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
  whenEmpty: 0,
  growAfter: 0,
  idleTimeout: 0,
  heartbeat: 0,
  outlierDetection: 0,
  check: 0,
  ...THREAD_OPTION_NAMES,
} as const satisfies Record<keyof BalancerOptions, 0>;

/** @throws InvalidOptionError naming the option, what was given and what is allowed */
export function resolveOptions(options: BalancerOptions): Settings {
  checkObject('new Balancer(options)', options, OPTION_NAMES);
  const { min, max } = workerLimits(options.workers);
  const { window = 'auto', whenEmpty = 'wait', policy = 'least-pending' } = options;
  if (window !== 'auto') checkInteger('window', window, 1, MAX_CAPACITY, "'auto' or ");
  if (whenEmpty !== 'wait' && whenEmpty !== 'fail') throw invalid('whenEmpty', whenEmpty, "'wait' or 'fail'");
  return {
    min,
    max,
    policy,
    depth: window === 'auto' ? AUTO_DEPTH : window,
    work: window === 'auto' ? AUTO_WORK_MS : Number.POSITIVE_INFINITY,
    windowBytes: positive('windowBytes', options.windowBytes, 4 * 1024 * 1024),
    maxQueue: integer('maxQueue', options.maxQueue, 1, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY),
    timeout: duration('timeout', options.timeout, 0),
    queueTimeout: duration('queueTimeout', options.queueTimeout, 0),
    retries: integer('retries', options.retries, 0, Number.POSITIVE_INFINITY, 0),
    grace: durationOrZero('grace', options.grace, 100),
    inline: boolean('inline', options.inline, true),
    preload: preloadList(options.preload),
    traceSubmit: boolean('traceSubmit', options.traceSubmit, false),
    maxRequestsPerWorker: integer(
      'maxRequestsPerWorker',
      options.maxRequestsPerWorker,
      1,
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ),
    maxHeapPerWorker:
      positive('maxHeapPerWorker', options.maxHeapPerWorker, Number.POSITIVE_INFINITY) * 1024 * 1024,
    whenEmpty,
    growAfter: durationOrZero('growAfter', options.growAfter, 50),
    idleTimeout: duration('idleTimeout', options.idleTimeout, 10_000) || Number.POSITIVE_INFINITY,
    heartbeat: heartbeatConfig(options.heartbeat),
    outliers:
      options.outlierDetection === undefined || options.outlierDetection === false
        ? undefined
        : outlierConfig(options.outlierDetection),
    check: checkOption(options.check),
    thread: threadSettings(options, WORKER_ENTRY),
  };
}

/** @throws InvalidOptionError */
export function workerLimits(workers: BalancerOptions['workers'], name = 'workers'): ScalingLimits {
  if (workers === undefined) {
    const count = Math.min(availableParallelism(), MOST_WORKERS);
    return { min: count, max: count };
  }
  if (typeof workers === 'object' && workers !== null) {
    checkObject(name, workers, { min: 0, max: 0 });
    checkInteger(`${name}.min`, workers.min, 0, MOST_WORKERS);
    checkInteger(`${name}.max`, workers.max, Math.max(1, workers.min), MOST_WORKERS);
    return { min: workers.min, max: workers.max };
  }
  checkInteger(name, workers, 1, MOST_WORKERS, '{ min, max } or ');
  return { min: workers, max: workers };
}

function checkOption(check: unknown): (() => unknown) | undefined {
  if (check === undefined || typeof check === 'function') return check as (() => unknown) | undefined;
  throw invalid('check', check, 'a task, as for submit');
}

function preloadList(preload: unknown): readonly ModuleAddress[] {
  if (preload === undefined) return [];
  if (!Array.isArray(preload)) {
    throw invalid('preload', preload, 'an array of URLs, absolute paths or package names');
  }
  return preload.map((module, i) => moduleAddress(module, `preload[${i}]`));
}
