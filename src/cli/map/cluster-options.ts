import { UsageError } from '../arguments.js';
import { durationOf, numberOf } from '../option-values.js';

/** The cluster that runs a batch. Times are in ms. */
export interface MapCluster {
  readonly engine: { readonly redis: string } | { readonly postgres: string };
  /** The variable of the environment that names the engine; undefined: an option does. */
  readonly engineVariable: string | undefined;
  readonly name: string | undefined;
  readonly prefix: string | undefined;
  readonly lockDuration: number | undefined;
  readonly engineTimeout: number | undefined;
  readonly machineTimeout: number | undefined;
  /** In bytes. */
  readonly maxPayload: number | undefined;
}

export const CLUSTER_OPTIONS = {
  redis: { type: 'string' },
  postgres: { type: 'string' },
  cluster: { type: 'boolean' },
  name: { type: 'string' },
  prefix: { type: 'string' },
  'lock-duration': { type: 'string' },
  'engine-timeout': { type: 'string' },
  'machine-timeout': { type: 'string' },
  'max-payload': { type: 'string' },
} as const;

type Name = keyof typeof CLUSTER_OPTIONS;
type Values = { readonly [K in Name]?: K extends 'cluster' ? boolean : string };

/** The options that say where the cluster is. */
export const ENGINES = ['redis', 'postgres', 'cluster'] as const;

/** Options without a meaning for a cluster, and what to do instead. */
const LOCAL = {
  eval: 'an inline function cannot leave this process: put it into a module that the machines serve, and name it as in ./parse.js#row',
  workers: 'each machine has threads of its own: leastwork work --workers',
  preload: 'the machines load modules: leastwork work --preload',
  env: 'the machines have environments of their own: leastwork work --env',
  'max-memory': 'it is an option of each machine: leastwork work --max-memory',
  trace: 'the threads are on other machines',
  'cpu-prof': 'the threads are on other machines',
  dashboard: 'the threads are on other machines',
} as const;

export const LOCAL_NAMES: readonly string[] = Object.keys(LOCAL);

/** Undefined: the batch runs here. Throws `UsageError`. */
export function clusterOf(
  values: Values & { readonly [K in keyof typeof LOCAL]?: unknown },
  environment: NodeJS.ProcessEnv,
): MapCluster | undefined {
  const given = engineOf(values, environment);
  if (given === undefined) {
    const stray = Object.keys(CLUSTER_OPTIONS).find(
      (name) => name !== 'cluster' && name in values && !ENGINES.includes(name as (typeof ENGINES)[number]),
    );
    if (stray !== undefined && values.cluster !== false)
      throw new UsageError(`--${stray} needs --redis URL, --postgres URL or --cluster`);
    return undefined;
  }
  for (const [name, instead] of Object.entries(LOCAL)) {
    if (values[name as keyof typeof LOCAL] === undefined) continue;
    const option = name === 'eval' ? '-e' : `--${name}`;
    throw new UsageError(`${option} does not work with ${given.option}: ${instead}`);
  }
  for (const name of ['name', 'prefix'] as const) {
    if (values[name] === '') throw new UsageError(`--${name}: its value is missing`);
  }
  const mebibytes = numberOf('max-payload', values['max-payload'], 0.001, 256);
  return {
    engine: given.engine,
    engineVariable: given.variable,
    name: values.name,
    prefix: values.prefix,
    lockDuration: durationOf('lock-duration', values['lock-duration']),
    engineTimeout: durationOf('engine-timeout', values['engine-timeout']),
    machineTimeout: durationOf('machine-timeout', values['machine-timeout']),
    maxPayload: mebibytes === undefined ? undefined : Math.round(mebibytes * 2 ** 20),
  };
}

function engineOf(
  { redis, postgres, cluster }: Values,
  { LEASTWORK_REDIS, LEASTWORK_POSTGRES }: NodeJS.ProcessEnv,
):
  | { readonly option: string; readonly engine: MapCluster['engine']; readonly variable?: string }
  | undefined {
  if (cluster === false) return undefined;
  const given = Object.entries({ redis, postgres, cluster }).filter(([, value]) => value !== undefined);
  if (given.length > 1) {
    throw new UsageError(`${given.map(([name]) => `--${name}`).join(' and ')} exclude each other`);
  }
  if (redis === '' || postgres === '') throw new UsageError(`--${given[0]?.[0]}: its value is missing`);
  if (redis !== undefined) return { option: '--redis', engine: { redis } };
  if (postgres !== undefined) return { option: '--postgres', engine: { postgres } };
  if (cluster === undefined) return undefined;
  // What stands on a command line can be read by every user of the host.
  if (LEASTWORK_REDIS && LEASTWORK_POSTGRES) {
    throw new UsageError('LEASTWORK_REDIS and LEASTWORK_POSTGRES are both set: say --redis or --postgres');
  }
  if (LEASTWORK_REDIS)
    return { option: '--cluster', engine: { redis: LEASTWORK_REDIS }, variable: 'LEASTWORK_REDIS' };
  if (LEASTWORK_POSTGRES)
    return { option: '--cluster', engine: { postgres: LEASTWORK_POSTGRES }, variable: 'LEASTWORK_POSTGRES' };
  throw new UsageError('--cluster needs LEASTWORK_REDIS or LEASTWORK_POSTGRES in the environment');
}
