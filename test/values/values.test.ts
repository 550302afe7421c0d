import { inspect, isDeepStrictEqual } from 'node:util';
import { Balancer } from 'leastwork';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** What fits a slot, and what just does not: there the way changes, and nothing else may. */
const primitives: readonly unknown[] = [
  0,
  -0,
  1.5,
  -1e308,
  5e-324,
  2 ** 53,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  true,
  false,
  null,
  undefined,
  0n,
  -1n,
  1n,
  2n ** 31n,
  -(2n ** 31n),
  2n ** 32n,
  -(2n ** 32n) - 1n,
  2n ** 63n - 1n,
  2n ** 63n,
  -(2n ** 63n),
  -(2n ** 63n) - 1n,
  2n ** 200n,
  -(3n ** 200n),
];

const strings: readonly string[] = [
  '',
  'a',
  'plain text',
  '\0',
  'caf\u00e9 \u00ff',
  '\u0100',
  '\u65e5\u672c\u8a9e',
  '\u{1f600}',
  '\ud800',
  'x\udc00y\ud800',
  '\ufeffbom',
  ...[235, 236, 237, 500].map((length) => 'l'.repeat(length)),
  ...[117, 118, 119, 236, 237].map((length) => '\u4e00'.repeat(length)),
  `${'l'.repeat(200)}\u4e00`,
  'long'.repeat(100_000),
];

const bytes: readonly Uint8Array[] = [
  new Uint8Array(0),
  Buffer.alloc(0),
  new Uint8Array([0, 1, 254, 255]),
  Buffer.from('some text'),
  Buffer.from([...Array(300).keys()]),
  ...[231, 232, 233, 235, 236, 237, 240].map((length) => new Uint8Array(length).fill(length)),
  ...[231, 232, 233, 235, 236, 237, 240].map((length) => Buffer.alloc(length, length)),
  new Uint8Array(new ArrayBuffer(100), 10, 5).fill(7),
  new Uint8Array(1_000_000).fill(3),
];

/** What goes by message. */
const cyclic: { self?: unknown; list: unknown[] } = { list: [] };
cyclic.self = cyclic;
cyclic.list.push(cyclic, cyclic.list);
const objects: readonly unknown[] = [
  {},
  { a: 1, b: { c: [1, 2, { d: 'x' }] } },
  [],
  [1, 'two', null, undefined, [3]],
  // biome-ignore lint/suspicious/noSparseArray: a hole is what is tested
  [1, , 3],
  new Map<unknown, unknown>([
    ['k', 1],
    [{ key: 'object' }, new Set([1, 2])],
  ]),
  new Set(['a', new Date(5)]),
  new Date(1_700_000_000_000),
  new Date(Number.NaN),
  /a+b/giu,
  Object(5),
  Object('boxed'),
  new Int8Array([-1, 1]),
  new Uint8ClampedArray([0, 255]),
  new Uint16Array([65535]),
  new Int32Array([-5]),
  new Float32Array([1.5]),
  new Float64Array([Number.NaN, -0]),
  new BigInt64Array([-1n]),
  new BigUint64Array([2n ** 63n]),
  new DataView(new ArrayBuffer(8), 2, 3),
  new ArrayBuffer(12),
  { bytes: new Uint8Array([1, 2]), text: 'x' },
  cyclic,
  new Error('as a value'),
];

describe('values in and out', () => {
  let balancer: Balancer;
  beforeAll(() => {
    balancer = new Balancer({ workers: 1 });
  });
  afterAll(() => balancer.close());

  /** What the task saw, and what came back: two errors on the two ways cannot hide each other. */
  const send = (value: unknown) =>
    Promise.all([
      balancer.submit(
        (v: unknown) => require('node:util').inspect(v, { depth: 9, maxArrayLength: 400 }),
        [value],
      ) as Promise<string>,
      balancer.submit((v: unknown) => v, [value]),
    ]);

  const shown = (value: unknown) => {
    const text = inspect(value, { maxStringLength: 20 }).replace(/\s+/g, ' ');
    const length = (value as { length?: number } | null | undefined)?.length;
    return text.length < 60 ? text : `${text.slice(0, 50)}… of ${length ?? text.length}`;
  };

  it.each([...primitives, ...strings, ...bytes, ...objects].map((value) => [shown(value), value] as const))(
    '%s',
    async (_, value) => {
      const [seen, back] = await send(value);
      // A stack has a path of its own in it.
      if (!(value instanceof Error)) expect(seen).toBe(inspect(value, { depth: 9, maxArrayLength: 400 }));
      if (typeof value !== 'object' || value === null) expect(Object.is(back, value)).toBe(true);
      else if (isDeepStrictEqual(back, value)) return;
      else expect(back).toStrictEqual(value);
    },
  );

  it('a cycle comes back as a cycle', async () => {
    const back = (await balancer.submit((v) => v, [cyclic])) as typeof cyclic;
    expect(back.self).toBe(back);
    expect(back.list[0]).toBe(back);
    expect(back.list[1]).toBe(back.list);
  });

  it('a Buffer is a Buffer in the task and as a result, at any length; a Uint8Array is none', async () => {
    for (const length of [0, 3, 236, 300, 100_000]) {
      const [isBuffer, back] = (await Promise.all([
        balancer.submit(
          (b) => [Buffer.isBuffer(b), b.length, b.toString('latin1', 0, 1)],
          [Buffer.alloc(length, 'z')],
        ),
        balancer.submit((b) => b, [Buffer.alloc(length, 'z')]),
      ])) as [unknown[], Buffer];
      expect(isBuffer).toEqual([true, length, length === 0 ? '' : 'z']);
      expect(Buffer.isBuffer(back)).toBe(true);
      expect(back.equals(Buffer.alloc(length, 'z'))).toBe(true);
      const plain = await balancer.submit((b) => [Buffer.isBuffer(b), b] as const, [new Uint8Array(length)]);
      expect(plain[0]).toBe(false);
      expect(Buffer.isBuffer(plain[1])).toBe(false);
    }
  });

  it('a subclass of Uint8Array or Array arrives as structured clone sends it', async () => {
    class Bytes extends Uint8Array {}
    class List extends Array {}
    const seen = await balancer.submit(
      (b, l) => [b.constructor.name, b.join(), l.constructor.name, l.join()],
      [new Bytes([1, 2]), List.from([3, 4])] as const,
    );
    expect(seen).toEqual(['Uint8Array', '1,2', 'Array', '3,4']);
  });

  it('one to nine arguments, of all sizes together', async () => {
    const values = [1, 'x', null, true, 2n, undefined, 'y'.repeat(230), -0, new Uint8Array(3)];
    for (let n = 0; n <= values.length; n++) {
      const back = await balancer.submit((...args: unknown[]) => args, values.slice(0, n));
      expect(back).toStrictEqual(values.slice(0, n));
    }
  });

  it('ten megabytes of text, of bytes and of objects', async () => {
    const text = 'leastwork '.repeat(1_000_000);
    const data = new Uint8Array(10_000_000).fill(9);
    const list = Array.from({ length: 100_000 }, (_, i) => ({ i, name: `item ${i}` }));
    const back = await balancer.submit((a, b, c) => ({ c, b, a }), [text, data, list] as const);
    expect(back.a === text).toBe(true);
    expect(Buffer.compare(back.b, data)).toBe(0);
    expect(back.c.length).toBe(list.length);
    expect(back.c.at(-1)).toEqual(list.at(-1));
  });

  it('an argument that is changed after the submit was sent does not change there, nor does the result here', async () => {
    const given = { list: [1] };
    const back = await balancer.submit((v) => ({ list: [...v.list, v.list.push(2)] }), [given]);
    expect(given).toEqual({ list: [1] });
    expect(back).toEqual({ list: [1, 2] });
    const bytes = new Uint8Array([1, 2, 3]);
    expect(await balancer.submit((b) => b.fill(9)[0], [bytes])).toBe(9);
    expect([...bytes]).toEqual([1, 2, 3]);
  });

  it('asynchronous tasks and thenables give what they resolve with', async () => {
    expect(await balancer.submit(async (a, b) => a + b, [1, 2])).toBe(3);
    expect(await balancer.submit(async () => {})).toBe(undefined);
    // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
    expect(await balancer.submit(() => ({ then: (done: (v: number) => void) => done(5) }))).toBe(5);
    expect(await balancer.submit(async () => Buffer.from('async'))).toEqual(Buffer.from('async'));
  });

  it('no argument at all, and `args` left out', async () => {
    expect(await balancer.submit((...args: unknown[]) => args.length, [])).toBe(0);
    expect(await balancer.submit(() => 'nothing')).toBe('nothing');
    expect(await balancer.submit(() => 'undefined', undefined)).toBe('undefined');
  });
});
