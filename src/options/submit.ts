/** Options of single calls: `submit`, `map`, `add`, `close`. */
import { boolean, checkObject, duration, integer, invalid, MOST_MS } from './validate.js';

/** Options of one `submit`. */
export interface SubmitOptions {
  /** Takes the request back, or stops it: `submit` rejects at once with the signal's `reason`. */
  signal?: AbortSignal;
  /** In ms from the start of the run, > 0; then `ERR_TASK_TIMEOUT`. Default: the Balancer's. */
  timeout?: number;
  /** In ms from `submit`, > 0: if it has not started by then, `ERR_TASK_TIMEOUT`. Default: the Balancer's. */
  queueTimeout?: number;
  /** Higher first, any finite number. Default 0. */
  priority?: number;
  /** For affinity: policies such as `hash` send equal keys to the same worker. */
  key?: string;
  /** Parts of the arguments that move to the worker instead of being copied: ArrayBuffers, MessagePorts and so on. */
  transfer?: readonly object[];
  /** Further runs, on other workers, if the worker dies while it runs this; an integer ≥ 0. Default: the Balancer's. At most 3 workers may die. */
  retries?: number;
  /** A value for the task's `context.value`; cloned. */
  context?: unknown;
  /** Gets what the task gives to `context.progress`, in order, before the result. */
  onProgress?: (value: unknown) => void;
}

/** Options of `map`. */
export interface MapOptions {
  /** Results in the order of the source, else in the order of completion. Default true. */
  ordered?: boolean;
  /** Ends the iteration: it throws the signal's reason, and running tasks are stopped as by `submit`'s signal. */
  signal?: AbortSignal;
  /** Options for each request. */
  submit?: Omit<SubmitOptions, 'signal' | 'transfer' | 'onProgress'>;
}

const SUBMIT_NAMES = {
  signal: 0,
  timeout: 0,
  queueTimeout: 0,
  priority: 0,
  key: 0,
  transfer: 0,
  retries: 0,
  context: 0,
  onProgress: 0,
} as const satisfies Record<keyof SubmitOptions, 0>;

/**
 * @returns what has been checked: a getter may say something else the second time, and a list be changed while the request waits
 * @throws InvalidOptionError
 */
export function checkSubmitOptions(options: SubmitOptions): SubmitOptions {
  checkObject('submit options', options, SUBMIT_NAMES);
  const { signal, timeout, queueTimeout, priority, key, transfer, retries, context, onProgress } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalid('submit options.signal', signal, 'an AbortSignal');
  }
  if (key !== undefined && typeof key !== 'string') throw invalid('submit options.key', key, 'a string');
  if (transfer !== undefined) checkTransferList(transfer);
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw invalid('submit options.onProgress', onProgress, 'a function');
  }
  if (priority !== undefined && !Number.isFinite(priority)) {
    throw invalid('submit options.priority', priority, 'a finite number');
  }
  duration('submit options.timeout', timeout, 0);
  duration('submit options.queueTimeout', queueTimeout, 0);
  integer('submit options.retries', retries, 0, Number.POSITIVE_INFINITY, 0);
  const list = transfer === undefined ? undefined : [...transfer];
  return { signal, timeout, queueTimeout, priority, key, transfer: list, retries, context, onProgress };
}

/** @throws InvalidOptionError */
export function checkMapOptions(options: MapOptions): void {
  checkObject('map options', options, { ordered: 0, signal: 0, submit: 0 });
  const { ordered, signal } = options;
  const submit = options.submit as SubmitOptions | undefined;
  boolean('map options.ordered', ordered, true);
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalid('map options.signal', signal, 'an AbortSignal');
  }
  if (submit === undefined) return;
  checkSubmitOptions(submit);
  for (const name of ['signal', 'transfer', 'onProgress'] as const) {
    if (submit[name] !== undefined)
      throw invalid(`map options.submit.${name}`, submit[name], 'none: it is of one request');
  }
}

const LEAST_WEIGHT = 0.001;
const MOST_WEIGHT = 1_000;

/** @returns the weight @throws InvalidOptionError */
export function checkAddOptions(options: { weight?: number }): number {
  checkObject('add options', options, { weight: 0 });
  const { weight = 1 } = options;
  if (typeof weight !== 'number' || !(weight >= LEAST_WEIGHT && weight <= MOST_WEIGHT)) {
    throw invalid('add options.weight', weight, `a number from ${LEAST_WEIGHT} to ${MOST_WEIGHT}`);
  }
  return weight;
}

/** @returns the timeout; `undefined` stands for no limit @throws InvalidOptionError */
export function checkCloseOptions(options: { timeout?: number }): number | undefined {
  checkObject('close options', options, { timeout: 0 });
  const { timeout } = options;
  if (timeout === undefined || timeout === Number.POSITIVE_INFINITY) return undefined;
  if (typeof timeout !== 'number' || !(timeout >= 0 && timeout <= MOST_MS)) {
    throw invalid('close options.timeout', timeout, `a number of ms from 0 to ${MOST_MS}, or Infinity`);
  }
  return timeout;
}

function checkTransferList(list: unknown): void {
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
}
