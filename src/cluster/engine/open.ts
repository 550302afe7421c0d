/** Opens the engine that the options name. Its packages are loaded here, and nowhere else. */
import type * as BullMQ from 'bullmq';
import { requireOptional } from '../../errors/optional-package.js';
import type { EngineSettings } from '../options.js';
import type { Engine, OnEngineError } from './engine.js';
import { type Pg, PostgresEngine } from './postgres.js';
import { RedisEngine } from './redis.js';
import type { IoRedis } from './redis-client.js';

const FEATURE = 'leastwork/cluster';

/**
 * @param listeners workers that the caller will start, its mailbox included
 * @throws BalancerError with code `ERR_MISSING_PACKAGE`
 */
export function openEngine(settings: EngineSettings, listeners: number, onError: OnEngineError): Engine {
  const bull = requireOptional('bullmq', FEATURE) as typeof BullMQ;
  if (settings.redis !== undefined) {
    const ioredis = requireOptional('ioredis', `${FEATURE} with Redis`) as IoRedis;
    return new RedisEngine(bull, ioredis, settings, onError);
  }
  const pg = requireOptional('pg', `${FEATURE} with PostgreSQL`) as Pg;
  return new PostgresEngine(bull, pg, settings, listeners, onError);
}
