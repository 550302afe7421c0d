/** Who takes an engine for silent: not one who did not listen. */
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

onEachEngine((site) => {
  test('requests wait for an engine that could not be heard, since this process was busy', async () => {
    await site.process();
    const cluster = site.cluster({ lockDuration: 300, engineTimeout: 1_000 });
    expect(await cluster.submit(work.add, [1, 2])).toBe(3);
    const result = cluster.submit(work.rest, [100]);
    const waiting = cluster.submit(work.add, [2, 2], { delay: 2_000 });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_500);
    expect(await Promise.all([result, waiting])).toEqual([100, 4]);
    expect(cluster.stats().connected).toBe(true);
  });
});
