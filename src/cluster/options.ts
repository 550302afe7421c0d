/** Options that both sides have, and how they are checked. */
import { InvalidOptionError } from '../errors/errors.js';
import {
  type Fields,
  integerIn,
  invalid,
  isRecord,
  MOST_MS,
  numberIn,
  ownValue,
  type Rule,
  resolve,
  TIMEOUT,
} from '../options/validate.js';

/** A client of `ioredis`: a copy of it is used, it stays open, and is not changed. */
export interface RedisClient {
  duplicate(...options: never[]): unknown;
}

/** Options of an `ioredis` client, such as `host`, `port`, `username`, `password`, `db`, `tls`. */
export interface RedisOptions {
  readonly host?: string;
  readonly port?: number;
  readonly username?: string;
  readonly password?: string;
  readonly db?: number;
  readonly path?: string;
  readonly tls?: object;
  readonly [option: string]: unknown;
}

/** A `pg.Pool`: it is used as it is, and stays open. Its `search_path` must lead to BullMQ's schema. */
export interface PostgresPool {
  connect(): Promise<unknown>;
  query(...parameters: never[]): unknown;
}

/** Options of a `pg.Pool`, such as `host`, `port`, `user`, `password`, `database`, `ssl`, `max`. */
export interface PostgresOptions {
  readonly connectionString?: string;
  readonly host?: string;
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  readonly max?: number;
  /** Of BullMQ's tables, as for a `Queue` of BullMQ. Default: `bullmq`. */
  readonly schema?: string;
  readonly [option: string]: unknown;
}

/** What both sides must agree on. */
export interface CommonEngineOptions {
  /**
   * Name of the cluster: those with different names know nothing of each other. Queues are called after it
   * and the module, as in `leastwork.hash`. Letters, digits, `_` and `-`. Default `'leastwork'`.
   */
  name?: string;
  /**
   * Redis alone: beginning of all keys; with braces, as in `'{leastwork}'`, for a Redis Cluster. Default
   * `'bull'`.
   */
  prefix?: string;
  /**
   * How long a machine that says nothing keeps its jobs, in ms from 100: then they go to others. It says
   * something twice in that time, from its main thread, however long a task runs. Default 5,000.
   */
  lockDuration?: number;
  /**
   * How long the engine may be out of reach, in ms > 0; `Infinity`: for ever. Then requests are rejected with
   * `ERR_ENGINE`, until it answers again. Default 60,000.
   */
  engineTimeout?: number;
  /**
   * Longest arguments, and longest result, of one request, in bytes as sent: an integer from 1,024 to 2^28.
   * Default 1,048,576. Longer ones are refused with `ERR_PAYLOAD_TOO_LARGE`.
   */
  maxPayload?: number;
}

/** The engine is Redis or Valkey. */
export interface RedisEngineOptions extends CommonEngineOptions {
  /** Redis or Valkey: a URL, options of `ioredis`, or a client. */
  redis: string | URL | RedisOptions | RedisClient;
  postgres?: undefined;
}

/** The engine is PostgreSQL. */
export interface PostgresEngineOptions extends CommonEngineOptions {
  /**
   * PostgreSQL: a URL, options of `pg`, or a pool. BullMQ's tables are made, in the schema `bullmq`, where
   * they are not there. The options may have another `schema`.
   */
  postgres: string | URL | PostgresOptions | PostgresPool;
  redis?: undefined;
}

/** Where the engine is, exactly one of `redis` and `postgres`, and what both sides must agree on. */
export type EngineOptions = RedisEngineOptions | PostgresEngineOptions;

/** `EngineOptions` after validation. */
export interface EngineSettings {
  readonly redis: EngineOptions['redis'];
  readonly postgres: EngineOptions['postgres'];
  readonly name: string;
  readonly prefix: string;
  readonly lockDuration: number;
  readonly engineTimeout: number;
  readonly maxPayload: number;
}

export const ENGINE_NAMES: readonly (keyof EngineOptions)[] = [
  'redis',
  'postgres',
  'name',
  'prefix',
  'lockDuration',
  'engineTimeout',
  'maxPayload',
];

const NAME: Rule = {
  allowed: 'letters, digits, _ and -, at most 100',
  accepts: (value) => typeof value === 'string' && /^[\w-]{1,100}$/.test(value),
};
const PREFIX: Rule = {
  allowed: 'a string that is not empty',
  accepts: (value) => typeof value === 'string' && value !== '',
};

/** As BullMQ takes them. */
const SCHEMA: Rule = {
  allowed: 'a name of at most 63 letters of ASCII, digits, _ and $, that does not begin with a digit',
  accepts: (value) => typeof value === 'string' && /^[A-Za-z_][\w$]{0,62}$/.test(value),
};

const FIELDS: Fields<Omit<EngineSettings, 'redis' | 'postgres'>> = {
  name: ['leastwork', NAME],
  prefix: ['bull', PREFIX],
  lockDuration: [5_000, numberIn(100, MOST_MS)],
  engineTimeout: [60_000, TIMEOUT],
  maxPayload: [2 ** 20, integerIn(1_024, 2 ** 28)],
};

/** @param what for errors, as in `Cluster options` @throws InvalidOptionError */
export function resolveEngineOptions(options: EngineOptions, what: string): EngineSettings {
  const redis = ownValue(options, 'redis');
  const postgres = ownValue(options, 'postgres');
  if ((redis === undefined) === (postgres === undefined)) {
    throw new InvalidOptionError(
      what,
      redis === undefined ? 'neither redis nor postgres' : 'both redis and postgres',
      "one engine, as in { redis: 'redis://localhost' } or { postgres: 'postgres://…' }",
    );
  }
  if (redis !== undefined) {
    validateAddress(`${what}.redis`, redis, /^rediss?:|^valkeys?:/, 'redis://host:port');
    validateParts(`${what}.redis`, redis);
  }
  if (postgres !== undefined)
    validateAddress(
      `${what}.postgres`,
      postgres,
      /^postgres(?:ql)?:/,
      'postgres://user:password@host/database',
    );
  if (isRecord(postgres)) resolve(`${what}.postgres.schema`, ownValue(postgres, 'schema'), SCHEMA, 'bullmq');
  const field = <K extends keyof typeof FIELDS>(key: K): EngineSettings[K] => {
    const [byDefault, rule] = FIELDS[key] as readonly [EngineSettings[K], Rule];
    return resolve(`${what}.${key}`, ownValue(options, key) as EngineSettings[K], rule, byDefault);
  };
  return {
    redis,
    postgres,
    name: field('name'),
    prefix: field('prefix'),
    // Engines know whole ms.
    lockDuration: Math.ceil(field('lockDuration')),
    engineTimeout: field('engineTimeout'),
    maxPayload: field('maxPayload'),
  };
}

/** A path that names no database would be ignored, and another one used. @throws InvalidOptionError */
function validateParts(name: string, redis: unknown): void {
  const text = redis instanceof URL ? redis.href : redis;
  if (typeof text !== 'string') return;
  const url = new URL(text);
  mustBeEncoded(name, url);
  const { pathname } = url;
  if (/^\/?\d{0,9}$/.test(pathname)) return;
  throw new InvalidOptionError(
    name,
    `a URL whose path is '${pathname}'`,
    'the number of a database as its path, as in redis://host:6379/2, or none',
  );
}

/** `ioredis` decodes user and password, and throws of a lone `%`; `pg` takes that as it is. */
function mustBeEncoded(name: string, { username, password }: URL): void {
  try {
    decodeURIComponent(username + password);
  } catch {
    throw new InvalidOptionError(
      name,
      'a URL whose user or password cannot be decoded',
      'a % in them as %25, and other special characters as encodeURIComponent has them',
    );
  }
}

function validateAddress(name: string, value: unknown, protocol: RegExp, example: string): void {
  const text = value instanceof URL ? value.href : value;
  if (typeof text === 'string') {
    if (protocol.test(text) && URL.canParse(text)) return;
    // It may hold a password.
    throw new InvalidOptionError(name, 'a string that is no such URL', `a URL as in ${example}, or options`);
  }
  if (!isRecord(value)) throw invalid(name, value, `a URL as in ${example}, or options`);
}
