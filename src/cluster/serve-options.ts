/** Options of a machine. */
import { Balancer } from '../balancer.js';
import type { BalancerOptions } from '../balancer-options.js';
import { InvalidOptionError } from '../errors/errors.js';
import {
  type Fields,
  integerIn,
  invalid,
  isRecord,
  numberIn,
  ownValue,
  type Rule,
  resolve,
  resolveFields,
  validateNames,
} from '../options/validate.js';
import { moduleAddress } from '../tasks/handles.js';
import { ENGINE_NAMES, type EngineOptions, type EngineSettings, resolveEngineOptions } from './options.js';

/** At most `max` jobs of a module in `duration`, over all machines together; as BullMQ's `limiter`. */
export interface LimiterOptions {
  /** Jobs: an integer ≥ 1. */
  max: number;
  /** In ms ≥ 1. */
  duration: number;
}

export interface MachineOptions {
  /**
   * Runs the tasks. A Balancer of yours stays open when the machine is closed; one that is made of options is
   * closed with it. Default: a new Balancer.
   */
  balancer?: Balancer | BalancerOptions;
  /**
   * What this machine takes, relative to its threads: a number from 0.01 to 100. Below 1 that part of them is
   * busy on average; above 1 more jobs are ahead. With 0 it takes nothing, and the cluster does not count on
   * it: to check that a machine could serve. Default 1.
   */
  share?: number;
  /** Limits how many jobs are begun. All machines should have the same. Default: none. */
  limiter?: LimiterOptions;
  /**
   * Failed jobs of each module that stay in the engine, to be looked at: an integer from 0 to 100,000.
   * Default 100.
   */
  keepFailed?: number;
}

/** Where the engine is, and what a machine takes. */
export type ServeOptions = EngineOptions & MachineOptions;

/** `ServeOptions` after validation. */
export interface ServeSettings {
  readonly engine: EngineSettings;
  readonly balancer: Balancer;
  readonly ownsBalancer: boolean;
  readonly share: number;
  readonly limiter: LimiterOptions | undefined;
  readonly keepFailed: number;
}

const SHARE: Rule = {
  allowed: '0, or a number from 0.01 to 100',
  accepts: (value) => value === 0 || numberIn(0.01, 100).accepts(value),
};
const KEPT = integerIn(0, 100_000);
const LIMITER: Fields<LimiterOptions> = {
  max: [Number.NaN, integerIn(1, Number.MAX_SAFE_INTEGER)],
  duration: [Number.NaN, integerIn(1, Number.MAX_SAFE_INTEGER)],
};

/**
 * @param modules each thread of a Balancer that is made here has them before it takes requests, so that a
 *   file that is replaced by a broken one neither reaches a running thread nor takes the place of one
 * @throws InvalidOptionError
 */
export function resolveServeOptions(
  options: ServeOptions,
  modules: readonly (URL | string)[],
): ServeSettings {
  const what = 'serve options';
  validateNames(what, options, [...ENGINE_NAMES, 'balancer', 'share', 'limiter', 'keepFailed']);
  const engine = resolveEngineOptions(options, what);
  const share = resolve(`${what}.share`, ownValue(options, 'share'), SHARE, 1);
  const keepFailed = resolve(`${what}.keepFailed`, ownValue(options, 'keepFailed'), KEPT, 100);
  const limiter = ownValue(options, 'limiter');
  if (limiter !== undefined) validateLimiter(`${what}.limiter`, limiter);
  const given = ownValue(options, 'balancer');
  if (given !== undefined && !isRecord(given))
    throw invalid(`${what}.balancer`, given, 'a Balancer, or options of one');
  const isMade = given !== undefined && typeof (given as { submit?: unknown }).submit === 'function';
  // Last, since it starts threads.
  const balancer = isMade
    ? (given as unknown as Balancer)
    : new Balancer(withModules((given ?? {}) as BalancerOptions, modules));
  return {
    engine,
    balancer,
    ownsBalancer: !isMade,
    share,
    limiter: limiter && { ...limiter },
    keepFailed,
  };
}

function withModules(options: BalancerOptions, modules: readonly (URL | string)[]): BalancerOptions {
  const preload = ownValue(options, 'preload') ?? [];
  return Array.isArray(preload) ? { ...options, preload: [...preload, ...modules] } : options;
}

function validateLimiter(what: string, limiter: LimiterOptions): void {
  resolveFields(what, limiter, LIMITER);
  for (const key of ['max', 'duration'] as const)
    if (limiter[key] === undefined)
      throw new InvalidOptionError(`${what}.${key}`, 'nothing', 'an integer ≥ 1');
}

/** @throws InvalidOptionError */
export function mustBeModules(modules: unknown): asserts modules is readonly (URL | string)[] {
  if (!Array.isArray(modules) || modules.length === 0)
    throw invalid(
      'serve(modules)',
      modules,
      "a list of modules, as in [new URL('./hash.js', import.meta.url)]",
    );
  for (const [i, module] of modules.entries()) moduleAddress(module, `serve(modules)[${i}]`);
}
