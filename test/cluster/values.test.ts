import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeThrown, decodeValue } from '../../dist/src/cluster/values/decode.js';
import { encodeValue } from '../../dist/src/cluster/values/encode.js';
import { encodeThrown } from '../../dist/src/cluster/values/thrown.js';

const copy = (value: unknown): unknown => decodeValue(encodeValue(value, 'value'));

describe('values go as text and come back', () => {
  test('anything that structured clone takes and that is data', () => {
    const leaf = fc.oneof(
      fc.anything({
        withBigInt: true,
        withDate: true,
        withMap: true,
        withSet: true,
        withTypedArray: true,
        maxDepth: 3,
      }),
      fc.double(),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(
        fc.dictionary(fc.oneof(fc.constantFrom('$', '__proto__', 'then', ''), fc.string()), leaf),
        (value) => {
          // Objects without a prototype get the usual one, as with structured clone.
          expect(copy(value)).toStrictEqual(structuredClone(value));
        },
      ),
      { numRuns: 40 },
    );
  });

  test('what JSON does not have', () => {
    for (const value of [
      undefined,
      Number.NaN,
      Number.NEGATIVE_INFINITY,
      -0,
      10n ** 30n,
      new Date(Number.NaN),
      /a"$"/giu,
    ])
      expect(copy(value)).toStrictEqual(value);
    const buffer = new Uint8Array([1, 2, 3]).buffer;
    expect(copy(buffer)).toStrictEqual(buffer);
    expect(copy(new Float64Array([1.5, Number.NaN]))).toStrictEqual(new Float64Array([1.5, Number.NaN]));
    expect(copy(Buffer.from('abc'))).toStrictEqual(new Uint8Array(Buffer.from('abc')));
    expect(copy(new Uint8Array(buffer, 1, 1))).toStrictEqual(new Uint8Array([2]));
  });

  test('an instance of a class becomes its properties', () => {
    class Point {
      x = 1;
      #hidden = 2;
      get hidden(): number {
        return this.#hidden;
      }
    }
    expect(copy(new Point())).toStrictEqual({ x: 1 });
  });

  test('an error stays one', () => {
    const error = copy({ error: new RangeError('r', { cause: { code: 1 } }) }) as { error: Error };
    expect(error.error).toBeInstanceOf(RangeError);
    expect(error.error.cause).toEqual({ code: 1 });
  });

  test.each([
    ['a function', { f: () => 1 }, 'value.f'],
    ['a symbol', [Symbol.iterator], 'value[0]'],
    ['memory that is shared', { a: { 'b c': new SharedArrayBuffer(1) } }, 'value.a["b c"]'],
    ['a promise', [[Promise.resolve()]], 'value[0][0]'],
    ['a WeakMap', new Map([[1, new WeakMap()]]), 'value[0][1]'],
    ['a proxy', [new Proxy({}, {})], 'value[0]'],
    ['an object around a primitive', [Object(1)], 'value[0]'],
  ])('%s is refused, with its place', (_what, value, path) => {
    expect(() => encodeValue(value, 'value')).toThrow(
      expect.objectContaining({ code: 'ERR_NOT_CLONEABLE', path }),
    );
  });

  test('a value that refers to itself, and one that is nested too deep, are refused', () => {
    const self: unknown[] = [];
    self.push({ self });
    expect(() => encodeValue(self, 'value')).toThrow('a reference to what it is in');
    let deep: unknown[] = [];
    for (let i = 0; i < 2_000; i++) deep = [deep];
    expect(() => encodeValue(deep, 'value')).toThrow('nested more than');
  });
});

describe('what was thrown', () => {
  const back = (thrown: unknown, maxPayload = 2 ** 20): unknown => {
    const text = encodeThrown(thrown, maxPayload);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(maxPayload);
    return decodeThrown(text);
  };

  test('an error that refers to itself loses that, and no more', () => {
    const cause = Object.assign(new RangeError('inner'), { owner: undefined as unknown });
    const error = Object.assign(new TypeError('t', { cause }), {
      code: 'E',
      self: undefined as unknown,
      list: [1, { b: 2n }],
    });
    error.self = error;
    cause.owner = error;
    const got = back(error);
    expect(got).toBeInstanceOf(TypeError);
    expect(got).toMatchObject({ message: 't', code: 'E', self: '[Circular]', list: [1, { b: 2n }] });
    expect((got as Error).cause).toBeInstanceOf(RangeError);
    expect((got as Error).cause).toMatchObject({ message: 'inner', owner: '[Circular]' });
  });

  test('an error with a part that cannot be sent has it in print', () => {
    const shared = new SharedArrayBuffer(8);
    const error = Object.assign(new Error('s'), { shared, info: { a: 1 }, errno: -2 });
    expect(back(error)).toMatchObject({
      message: 's',
      shared: expect.stringContaining('SharedArrayBuffer'),
      info: { a: 1 },
      errno: -2,
    });
  });

  test('an error that is too long has its long parts in print', () => {
    const error = Object.assign(new Error('short', { cause: new RangeError('why') }), {
      body: Buffer.alloc(2 ** 21),
      lines: Array.from({ length: 200_000 }, (_, i) => ({ i })),
      code: 'E_BIG',
    });
    const got = back(error);
    expect(got).toMatchObject({ message: 'short', code: 'E_BIG', body: expect.stringContaining('Buffer') });
  });

  test.for([1_024, 3_000, 50_000])('whatever is thrown fits into %i bytes', (maxPayload) => {
    const deep = Array.from({ length: 40 }).reduce<Error>(
      (cause, _, i) => Object.assign(new Error(`${i}`.repeat(99), { cause }), { [`k${i}`.repeat(99)]: 1 }),
      new Error('first'),
    );
    const long = '\u0000ü'.repeat(100_000);
    expect(back(deep, maxPayload)).toMatchObject({ message: expect.stringMatching(/^3939/) });
    expect(back(new TypeError(long), maxPayload)).toBeInstanceOf(TypeError);
    expect(back(Object.assign(new Error('m'), { name: long, [long]: long }), maxPayload)).toBeInstanceOf(
      Error,
    );
    expect(back(new AggregateError(new Array(9_000).fill('each'), 'many'), maxPayload)).toMatchObject({
      message: 'many',
      errors: expect.any(Array),
    });
    expect(back(new Map([[long, new Error(long)]]), maxPayload)).toBeDefined();
    expect(back(long, maxPayload)).toMatch(/more characters\)$/);
    expect(back(new Uint8Array(100_000), maxPayload)).toMatchObject({ code: 'ERR_NOT_CLONEABLE' });
  });

  test('what is no error', () => {
    expect(back('text')).toBe('text');
    expect(back(undefined)).toBe(undefined);
    expect(back({ a: [1n] })).toEqual({ a: [1n] });
  });
});

describe('text that somebody else has written', () => {
  test.each([
    'no JSON',
    '{"$":"Map"}',
    '{"$":["Map",[[1]]]}',
    '{"$":["Map",7]}',
    '{"$":["bigint","1e9"]}',
    '{"$":["number","5"]}',
    '{"$":["RegExp","(","g"]}',
    '{"$":["Float64Array","AAA="]}',
    '{"$":["Uint8Array",[1]]}',
    '{"$":["Function","return process"]}',
    '{"$":["constructor",1]}',
    '{"$":["__proto__",1]}',
    '{"$":[]}',
    `${'{"$":["Set",['.repeat(9_000)}${']]}'.repeat(9_000)}`,
    `${'['.repeat(9_000)}{"$":["undefined"]}${']'.repeat(9_000)}`,
  ])('%.40s is refused', (text) => {
    expect(() => decodeValue(text)).toThrow(expect.objectContaining({ code: 'ERR_MALFORMED_MESSAGE' }));
  });

  test('no text changes a prototype, or makes more than plain data', () => {
    for (const text of ['{"__proto__":{"polluted":1}}', '{"__proto__":{"polluted":{"$":["undefined"]}}}']) {
      const value = decodeValue(text) as Record<string, unknown>;
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect(Object.hasOwn(value, '__proto__')).toBe(true);
      expect(value.polluted).toBe(undefined);
    }
    expect(({} as { polluted?: unknown }).polluted).toBe(undefined);
  });

  test('any text gives a value or that error', () => {
    const part = fc.letrec((tie) => ({
      any: fc.oneof({ maxDepth: 5 }, fc.jsonValue(), tie('tagged')),
      tagged: fc.record({
        $: fc.tuple(
          fc.constantFrom(
            'Map',
            'Set',
            'object',
            'Error',
            'Date',
            'RegExp',
            'DataView',
            'ArrayBuffer',
            'bigint',
          ),
          fc.oneof(tie('any'), fc.array(tie('any'))),
          fc.constantFrom('g', 1, null),
        ),
      }),
    })).any;
    fc.assert(
      fc.property(part, (value) => {
        try {
          decodeValue(JSON.stringify(value));
        } catch (error) {
          expect((error as { code?: string }).code).toBe('ERR_MALFORMED_MESSAGE');
        }
        decodeThrown(JSON.stringify(value));
      }),
    );
  });
});
