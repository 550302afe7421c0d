/** Options of `prometheusMetrics`. */
import type { Registry } from 'prom-client';
import { invalid, ownValue, type Rule, resolve, STRING, validateNames } from '../options/validate.js';

export interface PrometheusOptions {
  /** Where the metrics are registered. Default: prom-client's own `register`. */
  register?: Registry;
  /** Beginning of the names: letters, digits, `_` and `:`, no digit first. Default `'leastwork_'`. */
  prefix?: string;
  /**
   * Upper bounds of the buckets of wait and run times, in s, each greater than the one before. Default:
   * 0.0001 to 60, in steps of 2 to 2.5.
   */
  buckets?: readonly number[];
}

export interface PrometheusSettings {
  readonly register: Registry | undefined;
  readonly prefix: string;
  readonly buckets: readonly number[];
}

const BUCKETS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

const PREFIX: Rule = {
  allowed: 'letters, digits, _ and :, no digit first',
  accepts: (value) => STRING.accepts(value) && /^([a-z_:][\w:]*)?$/i.test(value as string),
};
const ASCENDING: Rule = {
  allowed: 'an array of numbers > 0, each greater than the one before',
  accepts: (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((bound, i) => Number.isFinite(bound) && bound > (i === 0 ? 0 : value[i - 1])),
};

/** @throws InvalidOptionError */
export function prometheusSettings(given: PrometheusOptions): PrometheusSettings {
  validateNames('prometheusMetrics options', given, ['register', 'prefix', 'buckets']);
  const own = <Name extends keyof PrometheusOptions>(name: Name): PrometheusOptions[Name] =>
    ownValue(given, name);
  const register = own('register');
  if (
    register !== undefined &&
    typeof (register as Partial<Registry> | null)?.registerMetric !== 'function'
  ) {
    throw invalid('prometheusMetrics options.register', register, 'a Registry of prom-client');
  }
  return {
    register,
    prefix: resolve('prometheusMetrics options.prefix', own('prefix'), PREFIX, 'leastwork_'),
    buckets: resolve('prometheusMetrics options.buckets', own('buckets'), ASCENDING, BUCKETS),
  };
}
