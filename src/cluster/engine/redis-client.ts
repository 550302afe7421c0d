/** The client of Redis that the options name. */
import type { Cluster, Redis, RedisOptions } from 'ioredis';
import { InvalidOptionError } from '../../errors/errors.js';
import { performance } from '../../protocol/clock.js';
import type { EngineSettings } from '../options.js';

type RedisClass = new (...options: (string | RedisOptions)[]) => Redis;
/** The module of `ioredis`, which is its class, too. */
export type IoRedis = RedisClass & { readonly default?: RedisClass; readonly Redis?: RedisClass };

/** Between attempts to connect, in ms. */
const LEAST_RETRY_MS = 50;
const MOST_RETRY_MS = 1_000;
const retryDelay = (times: number): number =>
  Math.min(MOST_RETRY_MS, LEAST_RETRY_MS * 2 ** Math.min(times, 10));

const OPTIONS = {
  // Commands wait for the next connection; whoever gave them has a time limit of their own.
  maxRetriesPerRequest: null,
  retryStrategy: retryDelay,
} satisfies RedisOptions;

/**
 * A server that has become a replica keeps the connections that it has, though its address may lead to the new
 * master by now. The command is given again by whoever gave it.
 * @param given what the user's own options say of an error
 */
function leavingReplicas(given: RedisOptions['reconnectOnError']): RedisOptions {
  // By the options of each client, which `ioredis` copies with it.
  const left = new WeakMap<object, number>();
  return {
    reconnectOnError(error) {
      // Before version 7 Redis tells that within the error of a script.
      if (!/^READONLY |-READONLY /.test(error.message)) return given?.call(this, error) ?? false;
      // Many commands may have been refused at once.
      const now = performance.now();
      if (now - (left.get(this) ?? Number.NEGATIVE_INFINITY) < MOST_RETRY_MS) return false;
      left.set(this, now);
      return true;
    },
  };
}

const EXAMPLE =
  "redis: new Cluster([{ host: 'node' }]) of ioredis, and a prefix in braces, as in prefix: '{leastwork}'";

/** @throws InvalidOptionError */
export function clientOf(ioredis: IoRedis, { redis, prefix }: EngineSettings): Redis {
  const RedisClass = ioredis.default ?? ioredis.Redis ?? ioredis;
  if (typeof redis === 'string' || redis instanceof URL)
    // Valkey's protocol is that of Redis, and `ioredis` takes its name for the path of a socket.
    return new RedisClass(String(redis).replace(/^valkey/, 'redis'), {
      ...OPTIONS,
      ...leavingReplicas(undefined),
    });
  const given = redis as RedisOptions & Partial<Redis>;
  if (typeof given.duplicate !== 'function')
    return new RedisClass({ ...given, ...OPTIONS, ...leavingReplicas(given.reconnectOnError) });
  if (isClusterClient(given)) return copyOfCluster(given, prefix);
  if (given.options?.keyPrefix) throw keyPrefixed();
  return given.duplicate({ ...OPTIONS, ...leavingReplicas(given.options?.reconnectOnError) });
}

export function isClusterClient(client: object): client is Cluster {
  return (client as { isCluster?: unknown }).isCluster === true;
}

/** Queues lie on one node each, by what is in the braces; scripts work on one node. */
function copyOfCluster(client: Cluster, prefix: string): Redis {
  const { options } = client;
  if (options.keyPrefix || options.redisOptions?.keyPrefix) throw keyPrefixed();
  if (!/\{[^{}]+\}/.test(prefix))
    throw new InvalidOptionError('prefix', `'${prefix}', with a Redis Cluster`, EXAMPLE);
  const copy = client.duplicate([], {
    clusterRetryStrategy: retryDelay,
    redisOptions: { ...options.redisOptions, maxRetriesPerRequest: null },
  });
  // What is used here and by BullMQ is the same for both.
  return copy as unknown as Redis;
}

/**
 * A copy that rejects commands whose answer was lost with a connection. (With `autoResendUnfulfilledCommands:
 * false` they would never be settled.)
 */
export function sendingOnce(client: Redis): Redis {
  const once = { maxRetriesPerRequest: 0 };
  const either: object = client;
  if (!isClusterClient(either)) return client.duplicate(once);
  const { redisOptions } = either.options;
  return either.duplicate([], {
    retryDelayOnFailover: 0,
    redisOptions: { ...redisOptions, ...once },
  }) as unknown as Redis;
}

function keyPrefixed(): InvalidOptionError {
  return new InvalidOptionError(
    'redis',
    "a client with a keyPrefix, which BullMQ's scripts do not know",
    'one without; see the option prefix',
  );
}

/**
 * A plain client of one node of a Redis Cluster would be told of most keys that they are elsewhere.
 * @throws InvalidOptionError
 */
export async function refuseNode(client: Redis): Promise<void> {
  // Who may not ask is not told.
  const info = await client.info('cluster').catch(() => '');
  if (/^cluster_enabled:1/m.test(info))
    throw new InvalidOptionError('redis', 'the address of one node of a Redis Cluster', EXAMPLE);
}
