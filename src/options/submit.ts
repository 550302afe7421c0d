/** Options of single calls: `submit`, `map`, `add`, `close`. */
import {
  BOOLEAN,
  DELAY,
  FINITE_NUMBER,
  FUNCTION,
  invalid,
  limitFrom,
  numberIn,
  oneOf,
  resolve,
  SIGNAL,
  STRING,
  TIMEOUT,
  validate,
  validateNames,
} from './validate.js';

/** Options of one `submit`. */
export interface SubmitOptions {
  /** Cancels the request at any time: `submit` rejects at once with the signal's `reason`. Default: none. */
  signal?: AbortSignal;
  /**
   * Longest run time, in ms > 0; `Infinity`: none. The clock starts with the run in the worker, anew for each
   * retry. Then `submit` rejects with `ERR_TASK_TIMEOUT`. Default: the Balancer's `timeout`.
   */
  timeout?: number;
  /**
   * Longest wait for the start of the run, in ms > 0; `Infinity`: none. The clock starts with the call of
   * `submit`. Then `submit` rejects with `ERR_TASK_TIMEOUT`. Default: the Balancer's `queueTimeout`.
   */
  queueTimeout?: number;
  /** Requests of a higher priority leave the queue first: any finite number. Default 0. */
  priority?: number;
  /** Affinity key: policies such as `hash` send equal keys to the same worker. Default: none. */
  key?: string;
  /**
   * Parts of the arguments that move to the worker instead of being copied: ArrayBuffers, MessagePorts and so
   * on.
   */
  transfer?: readonly object[];
  /**
   * Further runs, on other workers, after the worker died during a run: an integer ≥ 0. Three such deaths end
   * the request in any case. Default: the Balancer's `retries`.
   */
  retries?: number;
  /** A value for the task's `context.value`; cloned. Default: none. */
  context?: unknown;
  /**
   * Is called with each value that the task passes to `context.progress`, in order, before the result.
   * Default: none.
   */
  onProgress?: (value: unknown) => void;
}

/** Options of `map`. */
export interface MapOptions {
  /** Whether results come in the order of the source, instead of the order of completion. Default true. */
  ordered?: boolean;
  /**
   * Ends the iteration: it throws the signal's reason, and running tasks are stopped as by `submit`'s signal.
   * Default: none.
   */
  signal?: AbortSignal;
  /** Options of each request. Default: none. */
  submit?: Omit<SubmitOptions, 'signal' | 'transfer' | 'onProgress'>;
}

/** Options of `add`. */
export interface AddOptions {
  /** The worker's share relative to the others', a number from 0.001 to 1,000. Default 1. */
  weight?: number;
}

/** Options of `close`. */
export interface CloseOptions {
  /**
   * How long accepted requests may still take, in ms ≥ 0 from the call of `close`; `Infinity`: no limit. The
   * rest is then rejected with `ERR_BALANCER_CLOSED`, and the threads are ended. Default: no limit.
   */
  timeout?: number;
  /**
   * What becomes of accepted requests that have not started. `'finish'`: they run. `'reject'`: they are
   * rejected at once with `ERR_BALANCER_CLOSED`, and only those that run are finished; a request whose module
   * is still loading has not started. Default `'finish'`.
   */
  queued?: 'finish' | 'reject';
}

const SUBMIT_NAMES: readonly (keyof SubmitOptions)[] = [
  'signal',
  'timeout',
  'queueTimeout',
  'priority',
  'key',
  'transfer',
  'retries',
  'context',
  'onProgress',
];
const MAP_NAMES: readonly (keyof MapOptions)[] = ['ordered', 'signal', 'submit'];
const RETRIES = limitFrom(0);
/** What becomes of requests that have not started when a Balancer is closed. */
export const QUEUED = oneOf('finish', 'reject');
const WEIGHT = numberIn(0.001, 1_000);

/**
 * @returns the checked values, each read once: a getter may answer differently the second time, and the
 *   transfer list may change while the request waits
 * @throws InvalidOptionError
 */
export function resolveSubmitOptions(options: SubmitOptions): SubmitOptions {
  validateNames('submit options', options, SUBMIT_NAMES);
  const { signal, timeout, queueTimeout, priority, key, transfer, retries, context, onProgress } = options;
  if (signal !== undefined) validate('submit options.signal', signal, SIGNAL);
  if (timeout !== undefined) validate('submit options.timeout', timeout, TIMEOUT);
  if (queueTimeout !== undefined) validate('submit options.queueTimeout', queueTimeout, TIMEOUT);
  if (priority !== undefined) validate('submit options.priority', priority, FINITE_NUMBER);
  if (key !== undefined) validate('submit options.key', key, STRING);
  if (retries !== undefined) validate('submit options.retries', retries, RETRIES);
  if (onProgress !== undefined) validate('submit options.onProgress', onProgress, FUNCTION);
  const list = transfer === undefined ? undefined : transferListOf(transfer);
  return { signal, timeout, queueTimeout, priority, key, transfer: list, retries, context, onProgress };
}

/** `MapOptions` after validation. */
export interface MapSettings {
  readonly ordered: boolean;
  readonly signal: AbortSignal | undefined;
  /** Options of each request, the signal included. */
  readonly submit: SubmitOptions;
}

/** @returns the checked values, each read once @throws InvalidOptionError */
export function resolveMapOptions(options: MapOptions): MapSettings {
  validateNames('map options', options, MAP_NAMES);
  const { ordered, signal, submit } = options;
  if (signal !== undefined) validate('map options.signal', signal, SIGNAL);
  const each = submit === undefined ? {} : resolveSubmitOptions(submit);
  for (const name of ['signal', 'transfer', 'onProgress'] as const) {
    if (each[name] === undefined) continue;
    throw invalid(`map options.submit.${name}`, each[name], 'none: it belongs to a single request');
  }
  return {
    ordered: resolve('map options.ordered', ordered, BOOLEAN, true),
    signal,
    submit: { ...each, signal },
  };
}

/** @returns the weight @throws InvalidOptionError */
export function resolveAddOptions(options: AddOptions): number {
  validateNames('add options', options, ['weight']);
  return resolve('add options.weight', options.weight, WEIGHT, 1);
}

/** @returns the checked values; `timeout` in ms, or `Infinity` @throws InvalidOptionError */
export function resolveCloseOptions(options: CloseOptions): Required<CloseOptions> {
  validateNames('close options', options, ['timeout', 'queued']);
  return {
    timeout: resolve('close options.timeout', options.timeout, DELAY, Number.POSITIVE_INFINITY),
    queued: resolve('close options.queued', options.queued, QUEUED, 'finish'),
  };
}

function transferListOf(list: unknown): object[] {
  if (!Array.isArray(list)) {
    throw invalid('submit options.transfer', list, 'an array of objects, as in [bytes.buffer]');
  }
  for (const [i, part] of list.entries()) {
    if (typeof part !== 'object' || part === null) {
      throw invalid(
        `submit options.transfer[${i}]`,
        part,
        'an object that can be transferred, as bytes.buffer',
      );
    }
  }
  return [...list];
}
