import { boolean, checkObject, duration, invalid } from './validate.js';

/** When a worker counts as silent. */
export interface HeartbeatOptions {
  /** How long it may show no sign of life, in ms, > 0. */
  silence: number;
  /**
   * Whether that holds for a worker that runs a request, too. A synchronous task that runs for longer then rejects with
   * `ERR_WORKER_CRASHED`; an asynchronous one lets its thread answer. Default false.
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
    return {
      silence: duration('heartbeat', option, 30_000) || Number.POSITIVE_INFINITY,
      whileRunning: false,
    };
  }
  checkObject('heartbeat', option, { silence: 0, whileRunning: 0 });
  if (option.silence === undefined) throw invalid('heartbeat.silence', option.silence, 'a number of ms > 0');
  return {
    silence: duration('heartbeat.silence', option.silence, 0) || Number.POSITIVE_INFINITY,
    whileRunning: boolean('heartbeat.whileRunning', option.whileRunning, false),
  };
}
