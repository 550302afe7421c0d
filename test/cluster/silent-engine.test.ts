/** An engine that holds its answers back: a machine says so, and goes on when they come. */
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { onEachEngine, work } from '../support/cluster.js';

onEachEngine(
  (site) => {
    test('a Redis that is paused is told of, without an error of its own', async () => {
      const machine = await site.machine({ lockDuration: 300 });
      const silent = once(machine, 'engineError');
      const redis = new Redis((site.server.address as { redis: string }).redis);
      onTestFinished(() => redis.disconnect());
      await redis.call('CLIENT', 'PAUSE', '3000', 'ALL');
      const [error] = await silent;
      expect(error).toMatchObject({ code: 'ERR_ENGINE', message: 'the engine does not answer' });
      expect(machine.stats().connected).toBe(false);
      await once(machine, 'engineBack');
      expect(machine.stats().connected).toBe(true);
      await expect(site.cluster().submit(work.add, [1, 2])).resolves.toBe(3);
    });
  },
  ['redis'],
);
