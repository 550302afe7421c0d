/** What has been written into shared memory is not kept alive by who wrote it. */
import { expect, it } from 'vitest';
import { Balancer } from '../../dist/src/index.js';
import { gc } from '../support/garbage.js';

it.each([
  [
    'submit',
    async (balancer: Balancer, item: object) =>
      await balancer.submit((x: object) => Object.keys(x).length, [item]),
  ],
  [
    'map',
    async (balancer: Balancer, item: object) => {
      for await (const _ of balancer.map([item, 1, 2], (x) => typeof x, { batch: 3 }));
    },
  ],
])('an object that %s has sent is collected', async (_, send) => {
  await using balancer = new Balancer({ workers: 1 });
  const sent = await (async () => {
    const item = { a: { b: 1 } };
    await send(balancer, item);
    return [new WeakRef(item), new WeakRef(item.a)];
  })();
  // Numbers are written without looking at objects.
  for (let i = 0; i < 3; i++) {
    await balancer.submit((n: number) => n, [i]);
    await gc();
  }
  expect(sent.map((reference) => reference.deref())).toEqual([undefined, undefined]);
});
