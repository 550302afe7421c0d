/** Opens the engine that the options name. Its packages are loaded here, and nowhere else. */
import type * as BullMQ from 'bullmq';
import { requireOptional } from '../../errors/optional-package.js';
import { EngineError } from '../errors.js';
import type { EngineSettings } from '../options.js';
import type { Engine, OnEngineError } from './engine.js';
import { type Pg, PostgresEngine } from './postgres.js';
import { RedisEngine } from './redis.js';
import type { IoRedis } from './redis-client.js';

const FEATURE = 'leastwork/cluster';

/**
 * ioredis sets `Error.stackTraceLimit` for each error that Redis replies with. Where it cannot, no connection
 * gets ready, and all that is submitted would wait for ever.
 */
function refuseFrozenErrors(): void {
  try {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = stackTraceLimit;
  } catch (cause) {
    const message = `${FEATURE} with Redis: ioredis needs an Error whose stackTraceLimit can be set, which frozen intrinsics do not allow`;
    throw new EngineError(message, { cause });
  }
}

/**
 * @param listeners workers that the caller will start, its mailbox included
 * @throws BalancerError with code `ERR_MISSING_PACKAGE`
 * @throws EngineError `Error` is frozen, and the engine is Redis
 */
export function openEngine(settings: EngineSettings, listeners: number, onError: OnEngineError): Engine {
  const bull = requireOptional('bullmq', FEATURE) as typeof BullMQ;
  if (settings.redis !== undefined) {
    refuseFrozenErrors();
    const ioredis = requireOptional('ioredis', `${FEATURE} with Redis`) as IoRedis;
    return new RedisEngine(bull, ioredis, settings, onError);
  }
  const pg = requireOptional('pg', `${FEATURE} with PostgreSQL`) as Pg;
  return new PostgresEngine(bull, pg, settings, listeners, onError);
}
