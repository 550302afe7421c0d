/** Options of single calls: `submit`, `map`, `add`, `close`. */
import { InvalidOptionError } from '../errors/errors.js';
import {
  BOOLEAN,
  beside,
  FINITE_NUMBER,
  type Fields,
  FUNCTION,
  integerIn,
  invalid,
  isOption,
  limitFrom,
  MOST_MS,
  numberIn,
  ownValue,
  resolve,
  resolveFields,
  SIGNAL,
  STRING,
  TIMEOUT,
  validate,
  validateNames,
} from './validate.js';

/** Options of one `submit`. Times are real time, also while a test tool has installed fake timers. */
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
   * `submit`. The request does not start after that, and `submit` rejects with `ERR_TASK_TIMEOUT`: as soon as
   * the event loop turns. Default: the Balancer's `queueTimeout`.
   */
  queueTimeout?: number;
  /**
   * Requests of a higher priority start first: any finite number. Default 0. Those that have been sent ahead to
   * a worker are taken back for it, except of tasks that run for less than 0.05 ms on average.
   */
  priority?: number;
  /** Affinity key: policies such as `hash` send equal keys to the same worker. Default: none. */
  key?: string;
  /**
   * Parts of the arguments that move to the worker instead of being copied: ArrayBuffers, MessagePorts and so
   * on. Small byte arrays only leave the caller, and a copy goes to the worker.
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

/**
 * When items of a `map` are run again after their task has thrown. An item that waits for its next run holds
 * no worker. It counts as under way, so that no more items are held than at other times. Dead workers have an
 * option of their own: `retries`.
 */
export interface RetryOptions<T = unknown> {
  /** Most runs of an item, the first one included: an integer ≥ 1. */
  attempts: number;
  /** Delay before the second run, in ms ≥ 0. Default 100. */
  delay?: number;
  /** Factor from each delay to the next: a number ≥ 1. Default 2. */
  factor?: number;
  /** Longest delay, in ms ≥ 0. Default 30,000. */
  maxDelay?: number;
  /** The part of each delay that is random: a number from 0 to 1. Default 0.5. */
  jitter?: number;
  /**
   * Whether to run the item again after this error. If it throws, the iteration ends with that error. Errors
   * of the Balancer itself other than timeouts would come again: it is not asked about them. Default: always.
   */
  when?(error: unknown, item: T): boolean;
}

/**
 * The type as it is known from elsewhere: nothing is inferred from this place. `NoInfer` of TypeScript, which
 * has it from 5.4 on.
 */
export type Known<T> = [T][T extends unknown ? 0 : never];

/** Options of `map` and `mapSettled` of items of a type. */
export interface MapOptions<T = unknown> {
  /** Whether results come in the order of the source, instead of the order of completion. Default true. */
  ordered?: boolean;
  /**
   * Ends the iteration: it throws the signal's reason, and running tasks are stopped as by `submit`'s signal.
   * Default: none.
   */
  signal?: AbortSignal;
  /**
   * How many items travel together to a worker: `'auto'`, or an integer from 1 to 65,536. `'auto'` sends
   * about a millisecond of work at a time by the mean run time of the task, fewer items towards the end, and
   * one at a time while the mean is unknown. Items and results that are strings, numbers, booleans, `null`,
   * `undefined` or plain data travel together; all others, and all with a `context` that is an object, one by
   * one.
   *
   * Items are run in order, one after the other. Each has its own outcome: one that throws, takes longer than
   * its `timeout`, or ends its thread fails alone, and no complete one is run again. The `queueTimeout` ends
   * with the start of the first of those that travel together. Default `'auto'`.
   */
  batch?: 'auto' | number;
  /** Whether, and when, items are run again after their task has thrown. Default: they are not. */
  retry?: RetryOptions<T>;
  /** Options of each request. Default: none. */
  submit?: Omit<SubmitOptions, 'signal' | 'transfer' | 'onProgress'>;
}

/** Options of `add`. */
export interface AddOptions {
  /** The worker's share relative to the others', a number from 0.001 to 1,000. Default 1. */
  weight?: number;
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
const MAP_NAMES: readonly (keyof MapOptions)[] = ['ordered', 'signal', 'batch', 'retry', 'submit'];
const BATCH = beside("'auto'", integerIn(1, 65_536));
const DELAY_MS = numberIn(0, MOST_MS);
const RETRIES = limitFrom(0);
const WEIGHT = numberIn(0.001, 1_000);

/**
 * @returns the checked values, each read once: a getter may answer differently the second time, and the
 *   transfer list may change while the request waits
 * @throws InvalidOptionError
 */
export function resolveSubmitOptions(options: SubmitOptions): SubmitOptions {
  validateNames('submit options', options, SUBMIT_NAMES);
  // Most are not there: `in` is much faster where its name is constant.
  const signal = 'signal' in options && isOption(options, 'signal') ? options.signal : undefined;
  const timeout = 'timeout' in options && isOption(options, 'timeout') ? options.timeout : undefined;
  const queueTimeout =
    'queueTimeout' in options && isOption(options, 'queueTimeout') ? options.queueTimeout : undefined;
  const priority = 'priority' in options && isOption(options, 'priority') ? options.priority : undefined;
  const key = 'key' in options && isOption(options, 'key') ? options.key : undefined;
  const transfer = 'transfer' in options && isOption(options, 'transfer') ? options.transfer : undefined;
  const retries = 'retries' in options && isOption(options, 'retries') ? options.retries : undefined;
  const context = 'context' in options && isOption(options, 'context') ? options.context : undefined;
  const onProgress =
    'onProgress' in options && isOption(options, 'onProgress') ? options.onProgress : undefined;
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

/** `RetryOptions` with their defaults. */
export type RetrySettings = Required<Omit<RetryOptions, 'when'>> & Pick<RetryOptions, 'when'>;

const RETRY_FIELDS: Fields<Omit<RetrySettings, 'attempts' | 'when'>> = {
  delay: [100, DELAY_MS],
  factor: [2, numberIn(1, Number.POSITIVE_INFINITY)],
  maxDelay: [30_000, DELAY_MS],
  jitter: [0.5, numberIn(0, 1)],
};

/** @returns the checked values @throws InvalidOptionError */
export function resolveRetryOptions(options: RetryOptions): RetrySettings {
  const name = 'map options.retry';
  const fields = resolveFields(name, options, RETRY_FIELDS, ['attempts', 'when']);
  const attempts = ownValue(options, 'attempts') as number;
  const when = ownValue(options, 'when');
  validate(`${name}.attempts`, attempts, limitFrom(1));
  if (when !== undefined) validate(`${name}.when`, when, FUNCTION);
  return { ...fields, attempts, when };
}

/** `MapOptions` after validation. */
export interface MapSettings {
  readonly ordered: boolean;
  readonly signal: AbortSignal | undefined;
  readonly batch: 'auto' | number;
  readonly retry: RetrySettings | undefined;
  /** Options of each request, the signal included. */
  readonly submit: SubmitOptions;
}

/** @returns the checked values, each read once @throws InvalidOptionError */
export function resolveMapOptions(options: MapOptions): MapSettings {
  mustNotBeOfSubmit(options);
  validateNames('map options', options, MAP_NAMES);
  const ordered = ownValue(options, 'ordered');
  const signal = ownValue(options, 'signal');
  const batch = ownValue(options, 'batch');
  const retry = ownValue(options, 'retry');
  const submit = ownValue(options, 'submit');
  if (batch !== undefined && batch !== 'auto') validate('map options.batch', batch, BATCH);
  if (signal !== undefined) validate('map options.signal', signal, SIGNAL);
  const each = resolveSubmitOptions(submit ?? {});
  for (const name of ['signal', 'transfer', 'onProgress'] as const) {
    if (each[name] === undefined) continue;
    throw invalid(`map options.submit.${name}`, each[name], 'none: it belongs to a single request');
  }
  return {
    ordered: resolve('map options.ordered', ordered, BOOLEAN, true),
    signal,
    batch: batch ?? 'auto',
    retry: retry === undefined ? undefined : resolveRetryOptions(retry),
    submit: { ...each, signal },
  };
}

/** Options of each request have a place of their own. @throws InvalidOptionError */
function mustNotBeOfSubmit(options: unknown): void {
  if (typeof options !== 'object' || options === null) return;
  const names: readonly string[] = SUBMIT_NAMES;
  const name = Object.keys(options).find((key) => names.includes(key) && key !== 'signal');
  if (name === undefined) return;
  throw new InvalidOptionError(
    `map options.${name}`,
    'an option of each request',
    `it in \`submit\`, as in { submit: { ${name} } }`,
  );
}

/** @returns the weight @throws InvalidOptionError */
export function resolveAddOptions(options: AddOptions): number {
  validateNames('add options', options, ['weight']);
  return resolve('add options.weight', ownValue(options, 'weight'), WEIGHT, 1);
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
