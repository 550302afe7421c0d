import { InvalidOptionError } from '../errors/errors.js';
import { invalid } from './validate.js';

/** Ejects workers whose success rate is far below the others' (gRPC A50, "Success Rate Algorithm"). */
export interface SuccessRateOptions {
  /** Below mean − stdev × stdevFactor / 1000 is an outlier. An integer ≥ 0. Default 1900. */
  readonly stdevFactor?: number;
  /** Chance that an outlier is ejected, in %, 0–100. Default 100. */
  readonly enforcementPercentage?: number;
  /**
   * Workers with enough requests that the rule needs, an integer ≥ 0. Default 5: at 1.9 standard deviations nobody can be an
   * outlier among fewer.
   */
  readonly minimumHosts?: number;
  /** Requests that a worker must have completed in the interval, an integer ≥ 0. Default 100. */
  readonly requestVolume?: number;
}

/** Ejects workers whose share of failures exceeds a threshold (gRPC A50, "Failure Percentage Algorithm"). */
export interface FailurePercentageOptions {
  /** More failures than this, in %, 0–100, is an outlier. Default 85. */
  readonly threshold?: number;
  /** Chance that an outlier is ejected, in %, 0–100. Default 100. */
  readonly enforcementPercentage?: number;
  /** Workers that the rule needs, an integer ≥ 0. Default 2; A50's 5 would leave most pools without it. */
  readonly minimumHosts?: number;
  /** Requests that a worker must have completed in the interval, an integer ≥ 0. Default 50. */
  readonly requestVolume?: number;
}

/** Ejects a worker at once after failures in a row (Envoy's `consecutive_5xx`); the rule for small sets. */
export interface ConsecutiveFailuresOptions {
  /** Failures in a row, an integer ≥ 1. Default 5. */
  readonly threshold?: number;
  /** Chance that an outlier is ejected, in %, 0–100. Default 100. */
  readonly enforcementPercentage?: number;
}

/** Which workers are taken out for failing more than the others, and for how long. Each rule is off where it is `false`. */
export interface OutlierOptions {
  /** Time between sweeps, in ms, > 0. Default 10 000. */
  readonly interval?: number;
  /**
   * In ms, ≥ 0: a fresh thread takes the first ejected worker's place at once, the n-th one's after n - 1 times this. Default 30 000.
   */
  readonly baseEjectionTime?: number;
  /** Longest ejection, in ms, ≥ 0; never less than `baseEjectionTime`. Default 300 000. */
  readonly maxEjectionTime?: number;
  /** Nobody is ejected while at least this share is, in %, 0–100. Default 10: at least one may always be, if this is above 0. */
  readonly maxEjectionPercent?: number;
  /** Default: on, with its defaults. */
  readonly successRate?: SuccessRateOptions | false;
  /** Default: on, with its defaults. */
  readonly failurePercentage?: FailurePercentageOptions | false;
  /** Default: on, with its defaults. */
  readonly consecutiveFailures?: ConsecutiveFailuresOptions | false;
}

type Settled<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined> };

/** `OutlierOptions` with every default filled in. */
export interface OutlierConfig
  extends Settled<Omit<OutlierOptions, 'successRate' | 'failurePercentage' | 'consecutiveFailures'>> {
  readonly successRate: Settled<SuccessRateOptions> | false;
  readonly failurePercentage: Settled<FailurePercentageOptions> | false;
  readonly consecutiveFailures: Settled<ConsecutiveFailuresOptions> | false;
}

interface Rule {
  readonly allowed: string;
  readonly holds: (value: number) => boolean;
}

const percent: Rule = { allowed: 'a number from 0 to 100', holds: (value) => value >= 0 && value <= 100 };
const count: Rule = {
  allowed: 'an integer ≥ 0',
  holds: (value) => Number.isSafeInteger(value) && value >= 0,
};
const positiveCount: Rule = {
  allowed: 'an integer ≥ 1',
  holds: (value) => Number.isSafeInteger(value) && value >= 1,
};
const time: Rule = { allowed: 'a number of ms ≥ 0', holds: (value) => value >= 0 && value < Infinity };
const positiveTime: Rule = { allowed: 'a number of ms > 0', holds: (value) => value > 0 && value < Infinity };

type Fields<T> = { readonly [K in keyof T]: readonly [T[K], Rule] };

const general: Fields<Omit<OutlierConfig, 'successRate' | 'failurePercentage' | 'consecutiveFailures'>> = {
  interval: [10_000, positiveTime],
  baseEjectionTime: [30_000, time],
  maxEjectionTime: [300_000, time],
  maxEjectionPercent: [10, percent],
};
const successRate: Fields<Settled<SuccessRateOptions>> = {
  stdevFactor: [1900, count],
  enforcementPercentage: [100, percent],
  minimumHosts: [5, count],
  requestVolume: [100, count],
};
const failurePercentage: Fields<Settled<FailurePercentageOptions>> = {
  threshold: [85, percent],
  enforcementPercentage: [100, percent],
  minimumHosts: [2, count],
  requestVolume: [50, count],
};
const consecutiveFailures: Fields<Settled<ConsecutiveFailuresOptions>> = {
  threshold: [5, positiveCount],
  enforcementPercentage: [100, percent],
};
const rules = { successRate, failurePercentage, consecutiveFailures };

function settle<T>(name: string, given: unknown, fields: Fields<T>, others: readonly string[] = []): T {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw invalid(name, given, 'an object');
  const known = [...Object.keys(fields), ...others];
  for (const key of Object.keys(given)) {
    if (!known.includes(key))
      throw new InvalidOptionError(`${name}.${key}`, 'an unknown option', `one of ${known.join(', ')}`);
  }
  const settled: Record<string, number> = {};
  for (const [key, [byDefault, rule]] of Object.entries<readonly [unknown, Rule]>(fields)) {
    const own: unknown = (given as Record<string, unknown>)[key];
    const value = own === undefined ? byDefault : own;
    if (typeof value !== 'number' || !rule.holds(value)) {
      throw invalid(`${name}.${key}`, value, rule.allowed);
    }
    settled[key] = value;
  }
  return settled as T;
}

/**
 * Fills in defaults and checks ranges.
 *
 * @throws InvalidOptionError naming the option as `<name>.<option>`, also for an option that does not exist.
 */
export function outlierConfig(given: OutlierOptions = {}, name = 'outlierDetection'): OutlierConfig {
  const settled = settle(name, given, general, Object.keys(rules));
  const rule = <T>(key: keyof typeof rules, fields: Fields<T>): T | false => {
    const options: unknown = given[key];
    return options === false ? false : settle(`${name}.${key}`, options === undefined ? {} : options, fields);
  };
  return {
    ...settled,
    successRate: rule('successRate', successRate),
    failurePercentage: rule('failurePercentage', failurePercentage),
    consecutiveFailures: rule('consecutiveFailures', consecutiveFailures),
  };
}
