import { Redis } from 'ioredis';
import { Cluster, serve } from 'leastwork/cluster';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { work, workUrl } from '../support/cluster.js';
import { collect } from '../support/collect.js';
import { noRedis } from '../support/engines.js';
import { range } from '../support/range.js';
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.js';

if (noRedis !== undefined) console.warn(noRedis);

describe.skipIf(noRedis !== undefined)('Redis Cluster', () => {
  let servers: RedisCluster | undefined;
  beforeAll(async () => {
    servers = await startRedisCluster();
  }, 60_000);
  afterAll(() => servers?.stop());

  test('with a prefix in braces all works as on one Redis', async () => {
    const client = new Redis.Cluster([...(servers as RedisCluster).nodes]);
    const engine = { redis: client, prefix: '{leastwork}', lockDuration: 1_000 };
    const machine = await serve([workUrl], { ...engine, balancer: { workers: 1 } });
    const cluster = new Cluster(engine);
    const results = Promise.all(range(0, 50).map((n) => cluster.submit(work.double, [n])));
    expect(await results).toEqual(range(0, 50).map((n) => 2 * n));
    expect(await collect(cluster.map(range(0, 500), work.double))).toEqual(range(0, 500).map((n) => 2 * n));
    await expect(cluster.submit(work.fail, ['no'])).rejects.toMatchObject({ code: 'ERR_LIMIT' });
    const controller = new AbortController();
    const waiting = cluster.submit(work.double, [1], { delay: 60_000, signal: controller.signal });
    controller.abort(new Error('no more'));
    await expect(waiting).rejects.toThrow('no more');
    await expect.poll(() => cluster.stats()).toMatchObject({ connected: true, pending: 0 });
    await cluster.close();
    await machine.close();
    // It stays open.
    expect(await client.ping()).toBe('PONG');
    client.disconnect();
  });

  test('what cannot work is refused: a prefix without braces, and the address of one node', async () => {
    const client = new Redis.Cluster([...(servers as RedisCluster).nodes], { lazyConnect: true });
    expect(() => new Cluster({ redis: client })).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_OPTION',
        message: expect.stringContaining("'{leastwork}'"),
      }),
    );
    client.disconnect();
    const [node] = (servers as RedisCluster).nodes as [RedisCluster['nodes'][0]];
    const redis = `redis://${node.host}:${node.port}`;
    const refused = { code: 'ERR_ENGINE', cause: { code: 'ERR_INVALID_OPTION' } };
    await expect(serve([workUrl], { redis, balancer: { workers: 1 } })).rejects.toMatchObject(refused);
    await using cluster = new Cluster({ redis });
    await expect(cluster.submit(work.double, [1])).rejects.toMatchObject(refused);
  });
});
