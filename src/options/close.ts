import { DELAY, oneOf, ownValue, resolve, validateNames } from './validate.js';

/** Options of `close`. */
export interface CloseOptions {
  /**
   * How long accepted requests may still take, in ms ≥ 0 from the call of `close`; `Infinity`: no limit. The
   * rest is then rejected with `ERR_BALANCER_CLOSED`, and the threads are ended. Default: no limit for
   * requests that run; but when nothing has run for as long as the Balancer's `heartbeat`, since a module
   * does not finish loading, say, the rest is rejected in the same way.
   */
  timeout?: number;
  /**
   * What becomes of accepted requests that have not started. `'finish'`: they run. `'reject'`: they are
   * rejected at once with `ERR_BALANCER_CLOSED`, and only those that run are finished; a request whose module
   * is still loading has not started. Default `'finish'`.
   */
  queued?: 'finish' | 'reject';
}

/** What becomes of requests that have not started when a Balancer is closed. */
export const QUEUED = oneOf('finish', 'reject');

/** `CloseOptions` after validation. */
export interface CloseSettings {
  /** In ms, or `Infinity`. */
  readonly timeout: number;
  /** Whether the caller has given it. */
  readonly hasTimeout: boolean;
  readonly queued: 'finish' | 'reject';
}

/** @returns the checked values @throws InvalidOptionError */
export function resolveCloseOptions(options: CloseOptions): CloseSettings {
  validateNames('close options', options, ['timeout', 'queued']);
  const timeout = ownValue(options, 'timeout');
  const queued = ownValue(options, 'queued');
  return {
    timeout: resolve('close options.timeout', timeout, DELAY, Number.POSITIVE_INFINITY),
    hasTimeout: timeout !== undefined,
    queued: resolve('close options.queued', queued, QUEUED, 'finish'),
  };
}
