import { Balancer } from 'leastwork';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { taskEntry } from '../support/task-entry.js';

/** As users write it in a module of tasks. */

class Holder {
  readonly bytes = Buffer.from('x');
}

describe('a Buffer arrives as a Buffer', () => {
  let balancer: Balancer;
  beforeAll(() => {
    balancer = new Balancer({ workers: 1 });
  });
  afterAll(() => balancer.close());

  /** Of a pool of Node. */
  const bytes = Buffer.from('bytes');

  it.each<[string, unknown, (given: never) => unknown]>([
    ['itself', bytes, (given: unknown) => given],
    ['in an object', { a: [{ bytes }] }, (given: { a: [{ bytes: unknown }] }) => given.a[0].bytes],
    ['in a Map', new Map([[1, bytes]]), (given: Map<number, unknown>) => given.get(1)],
    ['in a Set', new Set([bytes]), (given: Set<unknown>) => [...given][0]],
    ['in an instance', new Holder(), (given: { bytes: unknown }) => given.bytes],
    [
      'among thousands of objects',
      Array.from({ length: 5_000 }, () => ({ bytes })),
      (given: { bytes: unknown }[]) => given.at(-1)!.bytes,
    ],
    ['behind many numbers', [new Array(20_000).fill(1), bytes], (given: unknown[]) => given[1]],
    ['large', Buffer.alloc(100_000), (given: unknown) => given],
  ])('%s, both ways', async (_title, value, partOf) => {
    const arrived = balancer.submit(
      (given, source) => Buffer.isBuffer(new Function(`return ${source}`)()(given)),
      [value, String(partOf)] as const,
    );
    expect(await arrived).toBe(true);
    const back = await balancer.submit((given) => given, [value]);
    expect(Buffer.isBuffer(partOf(back as never))).toBe(true);
  });

  it('that is given twice is one', async () => {
    const seen = await balancer.submit(
      (a, b, { c }, map) => [a === b, a === c, a === map.get(1), Buffer.isBuffer(a), a.toString()],
      [bytes, bytes, { c: bytes }, new Map([[1, bytes]])] as const,
    );
    expect(seen).toEqual([true, true, true, true, 'bytes']);
    const [one, two] = await balancer.submit(() => {
      const made = Buffer.from('made');
      return [made, made];
    });
    expect(one).toBe(two);
    expect(Buffer.isBuffer(one)).toBe(true);
  });

  it('in the context, and what is told on the way: none with the pool that it is of', async () => {
    const told: Buffer[] = [];
    const seen = await balancer.submit(
      async (entry) => {
        const { context } = await import(entry);
        const made = Buffer.from('made');
        context.progress(made);
        context.progress({ made });
        const { given } = context.value;
        return [Buffer.isBuffer(given), given.buffer.byteLength < 100, given.toString()];
      },
      [taskEntry],
      {
        context: { given: bytes },
        onProgress: (value) => {
          told.push((value as { made?: Buffer }).made ?? (value as Buffer));
        },
      },
    );
    expect(seen).toEqual([true, true, 'bytes']);
    expect(told.map(String)).toEqual(['made', 'made']);
    expect(told.every((each) => Buffer.isBuffer(each) && each.buffer.byteLength < 100)).toBe(true);
  });

  it('that a stream yields, also inside', async () => {
    const got: unknown[] = [];
    const stream = balancer.stream(function* () {
      yield Buffer.from('x');
      yield { inner: Buffer.from('y') };
    });
    for await (const value of stream) got.push(value);
    expect(got).toEqual([Buffer.from('x'), { inner: Buffer.from('y') }]);
  });

  it('but is of another class where it was of another kind', async () => {
    const odd = Object.setPrototypeOf(new Float64Array([1]), Buffer.prototype);
    expect(await balancer.submit((value) => value.inner.constructor.name, [{ inner: odd }])).toBe(
      'Float64Array',
    );
  });
});
