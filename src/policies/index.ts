import { InvalidOptionError } from '../errors/errors.js';
import {
  BOOLEAN,
  type Fields,
  FUNCTION,
  invalid,
  isRecord,
  ownValue,
  resolveFields,
  validate,
} from '../options/validate.js';
import { HASH_FIELDS, Hash, type HashConfig } from './hash.js';
import { LeastPending } from './least-pending.js';
import { LEAST_REQUEST_FIELDS, LeastRequest, type LeastRequestConfig } from './least-request.js';
import { LeastWork } from './least-work.js';
import { PEAK_EWMA_FIELDS, PeakEwma, type PeakEwmaConfig } from './peak-ewma.js';
import { PICK_FIRST_FIELDS, PickFirst, type PickFirstConfig } from './pick-first.js';
import type { Policy, PolicyContext } from './policy.js';
import { PowerOfTwo } from './power-of-two.js';
import { Random } from './random.js';
import { Rendezvous } from './rendezvous.js';
import { RoundRobin } from './round-robin.js';
import { WEIGHTED_BY_LOAD_FIELDS, WeightedByLoad, type WeightedByLoadConfig } from './weighted-by-load.js';

/** The config of policies without fields. */
export type NoConfig = Readonly<Record<string, never>>;

/** The policies' names with the fields of their configs. */
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

/** gRPC's names for these policies. */
export interface PolicyAliases {
  pick_first: 'pick-first';
  round_robin: 'round-robin';
  weighted_round_robin: 'weighted-by-load';
  least_request: 'least-request';
  least_request_experimental: 'least-request';
  ring_hash: 'hash';
  ring_hash_experimental: 'hash';
}

/** The names for the `policy` option: this package's and gRPC's. */
export type PolicyName = keyof PolicyConfigs | keyof PolicyAliases;

type ConfigOf<N extends PolicyName> = N extends keyof PolicyConfigs
  ? PolicyConfigs[N]
  : N extends keyof PolicyAliases
    ? PolicyConfigs[PolicyAliases[N]]
    : never;

/** One candidate: an object with one property, the policy's name and its config. */
export type PolicyCandidate = { readonly [N in PolicyName]?: ConfigOf<N> } & {
  readonly [unknownName: string]: object | undefined;
};

/** Like gRPC's `loadBalancingConfig`: the first candidate of a known name is used. */
export type PolicyConfig = readonly PolicyCandidate[];

/** A policy by name, as a JSON config, or a custom one. */
export type PolicyOption = PolicyName | PolicyConfig | Policy;

/** How a named policy is created. */
interface Definition {
  /** Not before they are asked for: most policies are never loaded. */
  readonly fields: () => Fields<object>;
  readonly create: (context: PolicyContext, config: object) => Policy;
}

function define<Config extends object>(
  fields: () => Fields<Config>,
  create: (context: PolicyContext, config: Config) => Policy,
): Definition {
  return { fields, create: create as Definition['create'] };
}

const noFields = (): Fields<object> => ({});

const DEFINITIONS: Readonly<Record<keyof PolicyConfigs, Definition>> = {
  'least-pending': define(noFields, () => new LeastPending()),
  'least-work': define(noFields, () => new LeastWork()),
  'round-robin': define(noFields, () => new RoundRobin()),
  random: define(noFields, (context) => new Random(context)),
  'power-of-two': define(noFields, (context) => new PowerOfTwo(context)),
  'least-request': define(
    () => LEAST_REQUEST_FIELDS,
    (context, config) => new LeastRequest(context, config),
  ),
  hash: define(
    () => HASH_FIELDS,
    (_, config) => new Hash(config),
  ),
  rendezvous: define(noFields, () => new Rendezvous()),
  'peak-ewma': define(
    () => PEAK_EWMA_FIELDS,
    (context, config) => new PeakEwma(context, config),
  ),
  'weighted-by-load': define(
    () => WEIGHTED_BY_LOAD_FIELDS,
    (context, config) => new WeightedByLoad(context, config),
  ),
  'pick-first': define(
    () => PICK_FIRST_FIELDS,
    (context, config) => new PickFirst(context, config),
  ),
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
export const policyNames = Object.freeze(Object.keys(DEFINITIONS)) as readonly (keyof PolicyConfigs)[];

const ALLOWED = `a policy's name (${policyNames.join(', ')}), a list of configs as in [{ 'least-request': { choiceCount: 3 } }], or a custom policy`;

/**
 * The policy that the option asks for.
 *
 * @param path names the option in errors
 * @throws InvalidOptionError for an unknown name, a config without a known name, an unknown or invalid field,
 *   or a custom policy that lacks a member
 */
export function createPolicy(option: PolicyOption, context: PolicyContext, path = 'policy'): Policy {
  if (typeof option === 'string') {
    const definition = definitionOf(option);
    if (definition === undefined) throw invalid(path, option, ALLOWED);
    return definition.create(context, resolveFields(path, {}, definition.fields()));
  }
  if (Array.isArray(option)) return fromConfig(option, context, path);
  validateCustom(option, path);
  return option;
}

function definitionOf(name: string): Definition | undefined {
  const ours = Object.hasOwn(ALIASES, name) ? ALIASES[name as keyof PolicyAliases] : name;
  return Object.hasOwn(DEFINITIONS, ours) ? DEFINITIONS[ours as keyof PolicyConfigs] : undefined;
}

function fromConfig(candidates: readonly unknown[], context: PolicyContext, path: string): Policy {
  const unknown: string[] = [];
  for (const [index, candidate] of candidates.entries()) {
    const place = `${path}[${index}]`;
    const entries = isRecord(candidate) ? Object.entries(candidate) : [];
    if (entries.length !== 1) {
      throw invalid(place, candidate, "an object with one key, the policy's name");
    }
    const [name, config] = entries[0]!;
    const definition = definitionOf(name);
    if (definition !== undefined) {
      return definition.create(
        context,
        resolveFields(`${place}.${name}`, config as object, definition.fields()),
      );
    }
    unknown.push(name);
  }
  const given = unknown.length === 0 ? 'an empty list' : `only unknown names (${unknown.join(', ')})`;
  throw new InvalidOptionError(path, given, `at least one of ${policyNames.join(', ')}`);
}

const METHODS = ['add', 'remove', 'select', 'update'] as const;

function validateCustom(policy: unknown, path: string): asserts policy is Policy {
  if (!isRecord(policy)) throw invalid(path, policy, ALLOWED);
  const named = Object.keys(policy).find((name) => definitionOf(name) !== undefined);
  if (named !== undefined) throw invalid(path, policy, `a list of configs, as in [{ '${named}': {} }]`);
  for (const method of METHODS) {
    if (typeof policy[method] === 'function') continue;
    throw invalid(`${path}.${method}`, policy[method], 'a function: a custom policy needs it');
  }
  const observe = ownValue(policy, 'observe');
  if (observe !== undefined) validate(`${path}.observe`, observe, FUNCTION);
  validate(`${path}.pins`, policy.pins, BOOLEAN);
  if (typeof policy.name !== 'string' || policy.name === '') {
    throw invalid(`${path}.name`, policy.name, 'a string that is not empty');
  }
}

export type { Duration } from '../options/duration.js';
export type { HashConfig } from './hash.js';
export type { LeastRequestConfig } from './least-request.js';
export type { PeakEwmaConfig } from './peak-ewma.js';
export type { PickFirstConfig } from './pick-first.js';
export type { Outcome, Policy, PolicyContext, RequestView, WorkerView } from './policy.js';
export type { LoadReport } from './support/load-weight.js';
export type { WeightedByLoadConfig } from './weighted-by-load.js';
