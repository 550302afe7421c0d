import { Redis } from 'ioredis';
import { afterEach, beforeEach } from 'vitest';
import type { Site } from './cluster.js';

/** Gives each test of a suite on Redis a connection of its own. @returns the present one */
export function redisClient(site: Site): () => Redis {
  let client: Redis;
  beforeEach(() => {
    client = new Redis((site.server.address as { redis: string }).redis);
  });
  afterEach(() => client.disconnect());
  return () => client;
}
