/** Options of `broadcast`. */
import { BOOLEAN, ownValue, resolve, STRING, TIMEOUT, validate, validateNames } from './validate.js';

export interface BroadcastOptions {
  /**
   * What it is about, as in `'config'`: a later broadcast of the same name replaces this one. Default: a
   * later one without a name replaces it if its task is the same.
   */
  name?: string;
  /**
   * Whether workers that come later run it, too, before they get requests. With `false` neither this one is
   * kept for them, nor the one that it replaces. Default true.
   */
  later?: boolean;
  /**
   * Longest run time on one worker, in ms > 0; `Infinity`: none. Default: the Balancer's `timeout`; for
   * workers that are started later its `heartbeat`.
   */
  timeout?: number;
}

/** The same after validation. */
export interface BroadcastSettings {
  readonly name: string | undefined;
  readonly isKept: boolean;
  readonly limit: number | undefined;
}

/** @throws InvalidOptionError */
export function resolveBroadcastOptions(options: BroadcastOptions): BroadcastSettings {
  validateNames('broadcast options', options, ['name', 'later', 'timeout']);
  const name = ownValue(options, 'name');
  const later = ownValue(options, 'later');
  const limit = ownValue(options, 'timeout');
  if (name !== undefined) validate('broadcast options.name', name, STRING);
  if (limit !== undefined) validate('broadcast options.timeout', limit, TIMEOUT);
  return { name, isKept: resolve('broadcast options.later', later, BOOLEAN, true), limit };
}
