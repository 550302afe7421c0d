import { Balancer } from 'leastwork';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

async function collect(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of stream) values.push(value);
  return values;
}

let balancer: Balancer;
beforeAll(() => {
  balancer = new Balancer({ workers: 1 });
});
afterAll(() => balancer.close());

it.each(['iterator', 'asyncIterator'] as const)(
  'an %s whose next gives no object ends the stream with an error',
  async (kind) => {
    const values = balancer.stream(
      (kind) => ({ [Symbol[kind]]: () => ({ next: () => 5 }) }) as never,
      [kind],
    );
    await expect(values.next()).rejects.toThrow(new TypeError('Iterator result 5 is not an object'));
  },
);

describe('promises among the values of a stream', () => {
  it('of a generator, or of a list, give what they resolve with, in order', async () => {
    const generator = function* () {
      yield Promise.resolve(1);
      yield 2;
      yield new Promise<number>((resolve) => setImmediate(resolve, 3));
    };
    expect(await collect(balancer.stream(generator))).toEqual([1, 2, 3]);
    expect(await collect(balancer.stream(() => [Promise.resolve('a'), 'b']))).toEqual(['a', 'b']);
  });

  it('end it when they reject, and the generator runs its `finally`', async () => {
    const flag = new Int32Array(new SharedArrayBuffer(4));
    const generator = function* (flag: Int32Array) {
      try {
        yield 1;
        yield Promise.reject(new RangeError('no'));
        yield 3;
      } finally {
        flag[0] = 1;
      }
    };
    const values: unknown[] = [];
    const take = async () => {
      for await (const value of balancer.stream(generator, [flag])) values.push(value);
    };
    await expect(take()).rejects.toThrow(new RangeError('no'));
    expect(values).toEqual([1]);
    expect(flag[0]).toBe(1);
  });
});
