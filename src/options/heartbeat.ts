import { BOOLEAN, ownValue, resolve, TIMEOUT, validate, validateNames } from './validate.js';

/** When a worker counts as silent. */
export interface HeartbeatOptions {
  /** Longest time without a sign of life, in ms > 0; `Infinity`: no limit. */
  silence: number;
  /**
   * Whether the limit holds for a worker that runs a request, too. A synchronous task that runs for longer is
   * then rejected with `ERR_WORKER_CRASHED`; during an asynchronous one the thread answers. Default false.
   */
  whileRunning?: boolean;
}

/** After validation. */
export interface HeartbeatConfig {
  /** In ms; `Infinity` where heartbeats are off. */
  readonly silence: number;
  readonly whileRunning: boolean;
}

/** @throws InvalidOptionError */
export function heartbeatConfig(option: number | HeartbeatOptions | false | undefined): HeartbeatConfig {
  if (option === false) return { silence: Number.POSITIVE_INFINITY, whileRunning: false };
  if (typeof option !== 'object' || option === null) {
    return { silence: resolve('heartbeat', option, TIMEOUT, 30_000), whileRunning: false };
  }
  validateNames('heartbeat', option, ['silence', 'whileRunning']);
  const silence = ownValue(option, 'silence');
  const whileRunning = ownValue(option, 'whileRunning');
  validate('heartbeat.silence', silence, TIMEOUT);
  return {
    silence: silence as number,
    whileRunning: resolve('heartbeat.whileRunning', whileRunning, BOOLEAN, false),
  };
}
