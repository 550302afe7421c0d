/** Engines know whole ms alone. */
import { expect, test } from 'vitest';
import { onEachEngine, work } from '../support/cluster.js';

onEachEngine((site) => {
  test('a part of a ms in a delay costs neither this request nor those that are sent with it', async () => {
    await site.machine();
    const cluster = site.cluster();
    const delays = [0, 0.1, 20.5, 1];
    const results = delays.map((delay) => cluster.submit(work.add, [1, delay], { delay }));
    expect(await Promise.all(results)).toEqual(delays.map((delay) => 1 + delay));
  });

  test('nor one in lockDuration', async () => {
    const lock = { lockDuration: 1_000.5 };
    await site.machine(lock);
    const cluster = site.cluster({ ...lock, machineTimeout: 20_000 });
    expect(await cluster.submit(work.rest, [1_500])).toBe(1_500);
  });
});
