import { InvalidOptionError } from '../errors/errors.js';
import { Hash, type HashConfig, MOST_POINTS } from './hash.js';
import { LeastPending } from './least-pending.js';
import { LeastRequest, type LeastRequestConfig } from './least-request.js';
import { LeastWork } from './least-work.js';
import { PeakEwma, type PeakEwmaConfig } from './peak-ewma.js';
import { PickFirst, type PickFirstConfig } from './pick-first.js';
import type { Policy, PolicyContext } from './policy.js';
import { PowerOfTwo } from './power-of-two.js';
import { Random } from './random.js';
import { Rendezvous } from './rendezvous.js';
import { RoundRobin } from './round-robin.js';
import {
  boolean,
  checkConfig,
  describe,
  duration,
  integerFrom,
  isRecord,
  numberFrom,
  type Schema,
} from './support/config.js';
import { WeightedByLoad, type WeightedByLoadConfig } from './weighted-by-load.js';

/** A policy that has no fields. */
export type NoConfig = Readonly<Record<string, never>>;

/** Each policy's name with the fields of its config. */
export interface PolicyConfigs {
  'least-pending': NoConfig;
  'least-work': NoConfig;
  'round-robin': NoConfig;
  random: NoConfig;
  'power-of-two': NoConfig;
  'least-request': LeastRequestConfig;
  hash: HashConfig;
  rendezvous: NoConfig;
  'peak-ewma': PeakEwmaConfig;
  'weighted-by-load': WeightedByLoadConfig;
  'pick-first': PickFirstConfig;
}

/** gRPC's names for policies of ours. */
export interface PolicyAliases {
  pick_first: 'pick-first';
  round_robin: 'round-robin';
  weighted_round_robin: 'weighted-by-load';
  least_request: 'least-request';
  least_request_experimental: 'least-request';
  ring_hash: 'hash';
  ring_hash_experimental: 'hash';
}

/** The names that the `policy` option knows: ours, and gRPC's. */
export type PolicyName = keyof PolicyConfigs | keyof PolicyAliases;

type ConfigOf<N extends PolicyName> = N extends keyof PolicyConfigs
  ? PolicyConfigs[N]
  : N extends keyof PolicyAliases
    ? PolicyConfigs[PolicyAliases[N]]
    : never;

/** One candidate: an object with one key, the policy's name, and its config as the value. */
export type PolicyCandidate = { readonly [N in PolicyName]?: ConfigOf<N> } & {
  readonly [unknownName: string]: object | undefined;
};

/** As gRPC's `loadBalancingConfig`: the first candidate whose name is known is used, the others are passed over. */
export type PolicyConfig = readonly PolicyCandidate[];

/** A policy by name, as a JSON config, or an own one. */
export type PolicyOption = PolicyName | PolicyConfig | Policy;

interface Kind<C> {
  readonly schema: Schema;
  create(context: PolicyContext, config: C): Policy;
}

const KINDS: { readonly [N in keyof PolicyConfigs]: Kind<PolicyConfigs[N]> } = {
  'least-pending': { schema: {}, create: () => new LeastPending() },
  'least-work': { schema: {}, create: () => new LeastWork() },
  'round-robin': { schema: {}, create: () => new RoundRobin() },
  random: { schema: {}, create: (context) => new Random(context) },
  'power-of-two': { schema: {}, create: (context) => new PowerOfTwo(context) },
  'least-request': {
    schema: { choiceCount: integerFrom(2) },
    create: (context, config) => new LeastRequest(context, config),
  },
  hash: {
    schema: { minRingSize: integerFrom(1, MOST_POINTS), maxRingSize: integerFrom(1, MOST_POINTS) },
    create: (_, config) => new Hash(config),
  },
  rendezvous: { schema: {}, create: () => new Rendezvous() },
  'peak-ewma': {
    schema: { decayTime: duration('more than zero') },
    create: (context, config) => new PeakEwma(context, config),
  },
  'weighted-by-load': {
    schema: {
      blackoutPeriod: duration('zero'),
      weightExpirationPeriod: duration('more than zero'),
      weightUpdatePeriod: duration('more than zero'),
      errorUtilizationPenalty: numberFrom(0),
    },
    create: (context, config) => new WeightedByLoad(context, config),
  },
  'pick-first': {
    schema: { shuffleAddressList: boolean },
    create: (context, config) => new PickFirst(context, config),
  },
};

const ALIASES: PolicyAliases = {
  pick_first: 'pick-first',
  round_robin: 'round-robin',
  weighted_round_robin: 'weighted-by-load',
  least_request: 'least-request',
  least_request_experimental: 'least-request',
  ring_hash: 'hash',
  ring_hash_experimental: 'hash',
};

/** The names of the policies, without aliases. */
export const policyNames = Object.freeze(Object.keys(KINDS)) as readonly (keyof PolicyConfigs)[];

const ALLOWED = `a policy's name (${policyNames.join(', ')}), a list of configs as in [{ 'least-request': { choiceCount: 3 } }], or an own policy`;

/**
 * The policy that the option asks for.
 *
 * @param path names the option in errors.
 * @throws InvalidOptionError for an unknown name, a config without a known name, an unknown or invalid field, or an own
 * policy that lacks a member.
 */
export function createPolicy(option: PolicyOption, context: PolicyContext, path = 'policy'): Policy {
  if (typeof option === 'string') {
    const kind = kindOf(option);
    if (kind === undefined) throw new InvalidOptionError(path, describe(option), ALLOWED);
    return kind.create(context, {});
  }
  if (Array.isArray(option)) return fromConfig(option, context, path);
  checkPolicy(option, path);
  return option;
}

function kindOf(name: string): Kind<object> | undefined {
  const ours = Object.hasOwn(ALIASES, name) ? ALIASES[name as keyof PolicyAliases] : name;
  return Object.hasOwn(KINDS, ours) ? (KINDS[ours as keyof PolicyConfigs] as Kind<object>) : undefined;
}

function fromConfig(candidates: readonly unknown[], context: PolicyContext, path: string): Policy {
  const unknown: string[] = [];
  for (const [index, candidate] of candidates.entries()) {
    const place = `${path}[${index}]`;
    const entries = isRecord(candidate) ? Object.entries(candidate) : [];
    if (entries.length !== 1) {
      throw new InvalidOptionError(place, describe(candidate), `an object with one key, the policy's name`);
    }
    const [name, config] = entries[0]!;
    const kind = kindOf(name);
    if (kind === undefined) {
      unknown.push(name);
      continue;
    }
    checkConfig(config, kind.schema, `${place}.${name}`);
    return kind.create(context, config as object);
  }
  const given = unknown.length === 0 ? 'an empty list' : `only unknown names (${unknown.join(', ')})`;
  throw new InvalidOptionError(path, given, `at least one of ${policyNames.join(', ')}`);
}

const METHODS = ['add', 'remove', 'select', 'update'] as const;

function checkPolicy(policy: unknown, path: string): asserts policy is Policy {
  if (!isRecord(policy)) throw new InvalidOptionError(path, describe(policy), ALLOWED);
  const named = Object.keys(policy).find((name) => kindOf(name) !== undefined);
  if (named !== undefined) {
    throw new InvalidOptionError(path, describe(policy), `a list of configs, as in [{ '${named}': {} }]`);
  }
  for (const method of METHODS) {
    if (typeof policy[method] === 'function') continue;
    throw new InvalidOptionError(
      `${path}.${method}`,
      describe(policy[method]),
      'a function: an own policy needs it',
    );
  }
  if (policy.observe !== undefined && typeof policy.observe !== 'function') {
    throw new InvalidOptionError(`${path}.observe`, describe(policy.observe), 'a function or nothing');
  }
  if (typeof policy.pins !== 'boolean') {
    throw new InvalidOptionError(`${path}.pins`, describe(policy.pins), 'true or false');
  }
  if (typeof policy.name !== 'string' || policy.name === '') {
    throw new InvalidOptionError(`${path}.name`, describe(policy.name), 'a string that is not empty');
  }
}

export type { HashConfig } from './hash.js';
export type { LeastRequestConfig } from './least-request.js';
export type { PeakEwmaConfig } from './peak-ewma.js';
export type { PickFirstConfig } from './pick-first.js';
export type { Outcome, Policy, PolicyContext, RequestView, WorkerView } from './policy.js';
export type { Duration } from './support/duration.js';
export type { LoadReport } from './support/load-weight.js';
export type { WeightedByLoadConfig } from './weighted-by-load.js';
