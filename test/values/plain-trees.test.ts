import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Balancer } from '../../dist/node/index.js';
import { taskEntry } from '../support/task-entry.js';

/** Too large for a slot. */
function records(count: number) {
  return Array.from({ length: count }, (_, id) => ({
    id,
    name: `name ${id} →`,
    ratio: id / 3,
    tags: ['red', 'green', id % 2 === 0],
    next: id === 0 ? null : { id: id - 1, nothing: undefined },
  }));
}

const same = <T>(value: T): T => value;

describe('plain data that does not fit a slot', () => {
  // As one list in the arena, as one too large for that, and more than the arena holds at a time.
  it.each([
    [5, 1],
    [5_000, 1],
    [400, 500],
  ])('%i objects arrive on both ways, %i times at once', async (count, times) => {
    await using balancer = new Balancer({ workers: 2 });
    const value = records(count);
    const sent = Array.from({ length: times }, (_, i) =>
      balancer.submit((of, n) => [of, n] as const, [value, i]),
    );
    // `toStrictEqual` takes seconds for so many.
    for (const [i, result] of (await Promise.all(sent)).entries())
      expect(isDeepStrictEqual(result, [value, i]), `${i}`).toBe(true);
  });

  it('goes the same way as progress, by streams and as the results of a map', async () => {
    await using balancer = new Balancer({ workers: 1 });
    const value = records(50);
    const progress: unknown[] = [];
    const report = async (entry: string, of: unknown) => {
      const { context } = await import(entry);
      context.progress(of);
    };
    await balancer.submit(report, [taskEntry, value], { onProgress: (each) => progress.push(each) });
    expect(progress).toStrictEqual([value]);
    const streamed: unknown[] = [];
    for await (const each of balancer.stream(
      function* (of: unknown) {
        yield of;
        yield [of, 1];
      },
      [value],
    ))
      streamed.push(each);
    expect(streamed).toStrictEqual([value, [value, 1]]);
    const mapped: unknown[] = [];
    for await (const each of balancer.map([value, value], same)) mapped.push(each);
    expect(mapped).toStrictEqual([value, value]);
  });

  it('keeps an object that is met twice one object', async () => {
    await using balancer = new Balancer({ workers: 1 });
    const [each] = records(50);
    const filler = records(50);
    const isOne = await balancer.submit((a, b, _rest) => a === b, [each, each, filler]);
    expect(isOne).toBe(true);
    const result = await balancer.submit(
      (rest) => {
        const one = { id: 1 };
        return [one, one, rest];
      },
      [filler],
    );
    expect(result[0]).toBe(result[1]);
  });

  it('is refused by name if a part of it cannot be sent', async () => {
    await using balancer = new Balancer({ workers: 1 });
    const value = [...records(50), { run: () => 1 }];
    await expect(balancer.submit(same, [value as unknown[]])).rejects.toMatchObject({
      code: 'ERR_NOT_CLONEABLE',
      path: 'arguments[0][50].run',
    });
  });

  it('goes to another worker with what it was sent with', async () => {
    await using balancer = new Balancer({ workers: 2, retries: 1 });
    const value = records(200);
    const results = await Promise.allSettled([
      balancer.submit(() => process.exit(1), [], { retries: 0 }),
      ...Array.from({ length: 20 }, () => balancer.submit(same, [value])),
    ]);
    expect(results[0]?.status).toBe('rejected');
    for (const result of results.slice(1)) expect(result).toStrictEqual({ status: 'fulfilled', value });
  });
});
