import {
  type Fields,
  integerFrom,
  invalid,
  isRecord,
  ownValue,
  PERCENTAGE,
  type Resolved,
  type Rule,
  resolveFields,
} from './validate.js';

/** Ejects workers whose success rate is far below the others' (gRPC A50, "Success Rate Algorithm"). */
export interface SuccessRateOptions {
  /** Below mean − stdev × stdevFactor / 1000 is an outlier. An integer ≥ 0. Default 1900. */
  readonly stdevFactor?: number;
  /** Chance that an outlier is ejected, in %, 0–100. Default 100. */
  readonly enforcementPercentage?: number;
  /**
   * Workers with enough requests that the rule needs, an integer ≥ 0. Default 5: at 1.9 standard deviations
   * nobody can be an outlier among fewer.
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

/**
 * Which workers are taken out for failing more than the others, and for how long. Each rule is off where it
 * is `false`.
 */
export interface OutlierOptions {
  /** Time between sweeps, in ms, > 0. Default 10 000. */
  readonly interval?: number;
  /**
   * In ms, ≥ 0: a fresh thread takes the first ejected worker's place at once, the n-th one's after n - 1
   * times this. Default 30 000.
   */
  readonly baseEjectionTime?: number;
  /** Longest ejection, in ms, ≥ 0; never less than `baseEjectionTime`. Default 300 000. */
  readonly maxEjectionTime?: number;
  /**
   * Nobody is ejected while at least this share is, in %, 0–100. Default 10: at least one may always be, if
   * this is above 0.
   */
  readonly maxEjectionPercent?: number;
  /** Default: on, with its defaults. */
  readonly successRate?: SuccessRateOptions | false;
  /** Default: on, with its defaults. */
  readonly failurePercentage?: FailurePercentageOptions | false;
  /** Default: on, with its defaults. */
  readonly consecutiveFailures?: ConsecutiveFailuresOptions | false;
}

/** `OutlierOptions` with every default filled in. */
export interface OutlierConfig extends Resolved<GeneralOptions> {
  readonly successRate: Resolved<SuccessRateOptions> | false;
  readonly failurePercentage: Resolved<FailurePercentageOptions> | false;
  readonly consecutiveFailures: Resolved<ConsecutiveFailuresOptions> | false;
}

type RuleName = 'successRate' | 'failurePercentage' | 'consecutiveFailures';
type GeneralOptions = Omit<OutlierOptions, RuleName>;

const PERIOD: Rule = {
  allowed: 'a number of ms > 0',
  accepts: (value) => Number.isFinite(value) && (value as number) > 0,
};
const PERIOD_OR_ZERO: Rule = {
  allowed: 'a number of ms ≥ 0',
  accepts: (value) => Number.isFinite(value) && (value as number) >= 0,
};

const GENERAL: Fields<Resolved<GeneralOptions>> = {
  interval: [10_000, PERIOD],
  baseEjectionTime: [30_000, PERIOD_OR_ZERO],
  maxEjectionTime: [300_000, PERIOD_OR_ZERO],
  maxEjectionPercent: [10, PERCENTAGE],
};
const SUCCESS_RATE: Fields<Resolved<SuccessRateOptions>> = {
  stdevFactor: [1900, integerFrom(0)],
  enforcementPercentage: [100, PERCENTAGE],
  minimumHosts: [5, integerFrom(0)],
  requestVolume: [100, integerFrom(0)],
};
const FAILURE_PERCENTAGE: Fields<Resolved<FailurePercentageOptions>> = {
  threshold: [85, PERCENTAGE],
  enforcementPercentage: [100, PERCENTAGE],
  minimumHosts: [2, integerFrom(0)],
  requestVolume: [50, integerFrom(0)],
};
const CONSECUTIVE_FAILURES: Fields<Resolved<ConsecutiveFailuresOptions>> = {
  threshold: [5, integerFrom(1)],
  enforcementPercentage: [100, PERCENTAGE],
};
const RULE_NAMES: readonly RuleName[] = ['successRate', 'failurePercentage', 'consecutiveFailures'];

/**
 * Fills in defaults and checks ranges.
 * @throws InvalidOptionError naming the option as `<name>.<option>`, also for an option that does not exist
 */
export function outlierConfig(given: OutlierOptions = {}, name = 'outlierDetection'): OutlierConfig {
  if (!isRecord(given)) throw invalid(name, given, 'an object of options');
  const general = resolveFields(name, given, GENERAL, RULE_NAMES);
  const rule = <T extends object>(key: RuleName, fields: Fields<T>): T | false => {
    const options: unknown = ownValue(given, key);
    if (options === false) return false;
    if (options !== undefined && !isRecord(options)) {
      throw invalid(`${name}.${key}`, options, 'false or an object of options');
    }
    return resolveFields(`${name}.${key}`, options ?? {}, fields);
  };
  return {
    ...general,
    successRate: rule('successRate', SUCCESS_RATE),
    failurePercentage: rule('failurePercentage', FAILURE_PERCENTAGE),
    consecutiveFailures: rule('consecutiveFailures', CONSECUTIVE_FAILURES),
  };
}
