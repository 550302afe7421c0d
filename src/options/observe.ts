/** Options of a Balancer that concern how it is watched. */
import { BOOLEAN, oneOf, ownValue, type Rule, resolve } from './validate.js';

export interface ObserveOptions {
  /**
   * Name of the Balancer in metrics, traces and diagnostics channels, and of its threads: `NAME worker 3`, as
   * in an inspector. 1 to 64 characters. Default `'leastwork'`.
   */
  name?: string;
  /**
   * Whether wait times and run times are counted in histograms, of each task and in all: see
   * `balancer.metrics()`. Costs some 0.01 µs for each request. Default false.
   */
  metrics?: boolean;
  /**
   * What tasks print: `'inherit'`: it goes to the process's own stdout and stderr; `'event'`: only to
   * listeners of the event `output`, which get each line with its worker and request in either case. Default
   * `'inherit'`.
   */
  output?: 'inherit' | 'event';
}

export const OBSERVE_OPTION_NAMES = {
  name: 0,
  metrics: 0,
  output: 0,
} as const satisfies Record<keyof ObserveOptions, 0>;

export type ObserveSettings = Readonly<Required<ObserveOptions>>;

export const DEFAULT_NAME = 'leastwork';
const OUTPUT = oneOf('inherit', 'event');
const NAME: Rule = {
  allowed: 'a string of 1 to 64 characters, none of them a control character',
  accepts: (value) => typeof value === 'string' && /^[^\p{Cc}]{1,64}$/u.test(value),
};

/** @throws InvalidOptionError */
export function observeSettings(options: ObserveOptions): ObserveSettings {
  return {
    name: resolve('name', ownValue(options, 'name'), NAME, DEFAULT_NAME),
    metrics: resolve('metrics', ownValue(options, 'metrics'), BOOLEAN, false),
    output: resolve('output', ownValue(options, 'output'), OUTPUT, 'inherit'),
  };
}
