import { Balancer, InvalidOptionError, tasks } from 'leastwork';
import { afterAll, expect, test } from 'vitest';

const { area, echo, here } = tasks<typeof import('./tasks')>(new URL('./tasks.ts', import.meta.url));

const balancer = new Balancer({ workers: 1 });
afterAll(() => balancer.close());

test('a task in TypeScript, which imports another module and has an enum', async () => {
  expect(await balancer.submit(area, [{ width: 2, height: 3 }])).toStrictEqual({ area: 6, unit: 'cm²' });
  const place = new URL(await balancer.submit(here));
  expect(place.pathname).toBe(new URL('./tasks.ts', import.meta.url).pathname);
});

test.each([1, 5_000])('results of %i objects', async (length) => {
  const list = Array.from({ length }, (_, i) => ({ i, more: [i], map: new Map([[i, { i }]]) }));
  expect(await balancer.submit(echo, [list])).toStrictEqual(list);
  expect(await balancer.submit((items: typeof list) => items, [list])).toStrictEqual(list);
});

test('errors', async () => {
  await expect(balancer.submit(echo, [1], { timeout: -1 })).rejects.toThrow(InvalidOptionError);
  const error = await balancer
    .submit(() => {
      throw Object.assign(new RangeError('refused'), { list: [{ large: 'x'.repeat(10_000) }] });
    })
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(RangeError);
  expect((error as { list?: unknown }).list).toStrictEqual([{ large: 'x'.repeat(10_000) }]);
});
