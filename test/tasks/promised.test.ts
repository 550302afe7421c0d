import { tasks } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withBalancer } from '../support/balancer.js';

const module = new URL('../fixtures/workers/promised.mjs', import.meta.url);
const promised = tasks<typeof import('../fixtures/workers/promised.mjs')>(module);
const commonjs = tasks<{ default: Promise<(text: string) => string> }>(
  new URL('../fixtures/workers/promised.cjs', import.meta.url),
);

describe('exports that are promises of functions', () => {
  it('are tasks like the functions themselves', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      expect(await balancer.submit(promised.twice, [4])).toBe(8);
      expect(await balancer.submit(promised.twice, [5])).toBe(10);
      expect(await balancer.submit(promised.late)).toBe('late');
      expect(await balancer.submit(promised.default, ['a'])).toBe('A');
      expect(await balancer.submit(commonjs.default, ['a'])).toBe('a!');
      expect(await balancer.submit(promised.thenable as unknown as () => string)).toBe('of a thenable');
    }));

  it('keep the object that they are in as `this`', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      expect(await balancer.submit(promised.group.add, [5])).toBe(15);
    }));

  it('map like functions', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      const doubled: number[] = [];
      for await (const each of balancer.map([1, 2, 3], promised.twice, { batch: 2 })) doubled.push(each);
      expect(doubled).toEqual([2, 4, 6]);
    }));

  it('that reject, or are of something else, say so', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      await expect(balancer.submit(promised.broken as unknown as () => void)).rejects.toMatchObject({
        code: 'ERR_TASK_NOT_FOUND',
        message: expect.stringMatching(
          /promise that .*promised\.mjs exports as 'broken' rejected: no model$/,
        ),
        cause: expect.objectContaining({ name: 'RangeError' }),
      });
      await expect(balancer.submit(promised.number as unknown as () => void)).rejects.toThrow(
        /exports 'number' as a promise, but what it resolves to is no function \(number\)$/,
      );
      await expect(balancer.submit(promised.cls as unknown as () => void)).rejects.toThrow(
        /resolves to is a class$/,
      );
    }));
});
