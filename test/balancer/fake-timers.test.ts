import { Balancer } from 'leastwork';
import { afterEach, expect, it, vi } from 'vitest';

afterEach(() => {
  vi.useRealTimers();
});

it('fake timers in the tests of a program do not stop its Balancer', async () => {
  const balancer = new Balancer({ workers: 1 });
  await balancer.submit(() => 1);
  vi.useFakeTimers();
  for (let i = 0; i < 200; i++) expect(await balancer.submit((n) => n, [i])).toBe(i);
  const results: number[] = [];
  for await (const n of balancer.map([1, 2, 3], (n) => n * 2)) results.push(n);
  expect(results).toEqual([2, 4, 6]);
  const burst = Array.from({ length: 500 }, (_, i) => balancer.submit((n) => n, [i]));
  expect(await Promise.all(burst)).toEqual(burst.map((_, i) => i));
  await expect(balancer.submit(() => process.exit(3))).rejects.toMatchObject({ code: 'ERR_WORKER_CRASHED' });
  expect(await balancer.submit(() => 2)).toBe(2);
  await balancer.close();
});
