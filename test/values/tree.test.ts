import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { copyOf } from '../../dist/src/values/tree-bytes.js';
import { readTree } from '../../dist/src/values/tree-reader.js';
import { writeTree } from '../../dist/src/values/tree-writer.js';

/** There and back. `undefined`: it is not plain data. */
function carried(value: object): { readonly value: unknown } | undefined {
  const bytes = writeTree(value);
  return bytes && { value: readTree(copyOf(bytes)) };
}

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('', 'red', 'red and green', 'grün', '\ud800', 'x'.repeat(3_000)),
);

const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5 },
    fc.oneof(
      text,
      fc.integer(),
      fc.double(),
      fc.constantFrom(null, undefined, true, false, -0, 2 ** 27, 2 ** 28 - 1, 2 ** 28, -(2 ** 28), 2 ** 31),
    ),
    fc.array(tie('tree'), { maxLength: 8 }),
    fc.dictionary(fc.constantFrom('id', 'name', 'größe', '1', '0', '__proto__', 'toString'), tie('tree')),
    fc.record({ id: fc.nat(), name: text, part: tie('tree') }),
  ),
}));

describe('plain data as bytes', () => {
  it('arrives as structured clone carries it', () => {
    fc.assert(
      fc.property(tree, (value) => {
        // What a generator shares between two places would not be plain data.
        const whole = structuredClone([JSON.parse(JSON.stringify([value])), value]);
        const arrived = carried(whole)?.value;
        if (arrived === undefined) return;
        expect(arrived).toStrictEqual(structuredClone(whole));
        expect(JSON.stringify(arrived)).toBe(JSON.stringify(whole));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['numbers', [0, -0, 1.5, Number.NaN, -Infinity, 2 ** 28, 2 ** 27, -(2 ** 27), -(2 ** 28), 1e300]],
    ['nothing', [null, undefined, [], {}]],
    ['texts of all lengths', Array.from({ length: 40 }, (_, i) => ['abcdefghij'.repeat(5).slice(0, i)])],
    ['wide texts of all lengths', Array.from({ length: 40 }, (_, i) => ['äöü€→'.repeat(8).slice(0, i)])],
    [
      'narrow and wide groups',
      Array.from({ length: 300 }, (_, i) => [(i % 100 ? 'a' : '→').repeat(200) + i]),
    ],
    ['keys that are indices', [{ 2: 'two', 10: 'ten', b: 'b', 1: 'one' }]],
    ['wide keys', [{ größe: 1, '→': 2 }]],
    ['an own __proto__', [JSON.parse('{"__proto__":{"x":1},"y":2}')]],
    ['properties that are undefined', [{ a: undefined, b: 1 }]],
    ['elements that are undefined', [[undefined, 1]]],
    ['many objects', Array.from({ length: 5_000 }, (_, id) => ({ id, name: `n${id}`, tags: ['a', 'b'] }))],
    ['many shapes', Array.from({ length: 32 }, (_, i) => ({ [`key${i}`]: i }))],
    ['a deep value', nested(190)],
  ])('%s', (_, value) => {
    const arrived = carried(value);
    expect(arrived?.value).toStrictEqual(structuredClone(value));
  });

  it('keeps the order of keys', () => {
    const value = [{ b: 1, a: 2, 1: 3 }];
    const { value: arrived } = carried(value) as { value: [object] };
    expect(Object.keys(arrived[0])).toEqual(['1', 'b', 'a']);
  });

  const shared = { id: 1 };
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  class Point {
    x = 1;
  }
  class List extends Array<number> {}
  it.each<[string, object]>([
    ['an object that is met twice', [shared, shared]],
    ['a cycle', cyclic],
    ['an instance', [new Point()]],
    ['an instance of a subclass of Array', [new List(1, 2)]],
    ['an array with a property', [Object.assign([1], { x: 1 })]],
    ['a hole', [Object.assign([1], { 2: 2 })]],
    ['a hole beside a property', [Object.assign(new Array(1), { x: 1 })]],
    ['a Map', [new Map()]],
    ['a Map that looks like an object', [Object.setPrototypeOf(new Map(), Object.prototype)]],
    ['a Date', [new Date()]],
    ['bytes', [{ bytes: new Uint8Array(3) }]],
    ['a bigint', [1n]],
    ['a function', [{ run() {} }]],
    ['a symbol', [Symbol('x')]],
    ['an object without a prototype', [Object.create(null)]],
    ['a proxy', [new Proxy({}, {})]],
    ['a proxy of an array', [new Proxy([1], {})]],
    ['an error', [new Error('x')]],
    ['a boxed string', [Object('x')]],
    ['more shapes than are kept apart', Array.from({ length: 33 }, (_, i) => ({ [`key${i}`]: i }))],
    ['a dictionary', [Object.fromEntries(Array.from({ length: 129 }, (_, i) => [`key${i}`, i]))]],
    ['a long list of numbers', [Array.from({ length: 33 }, (_, i) => i)]],
    ['a long text', ['x'.repeat(5_000)]],
    ['many texts', Array.from({ length: 20 }, (_, i) => ({ text: `${i}`.repeat(300) }))],
    ['a value that is too deep for the other stack', nested(6_000)],
    [
      'a getter that throws',
      [
        {
          get x() {
            throw new Error('x');
          },
        },
      ],
    ],
    [
      'a getter that has another value written',
      [
        {
          get x() {
            writeTree([1]);
            return 1;
          },
        },
      ],
    ],
    [
      'a getter that deletes what follows',
      [
        {
          get x() {
            delete (this as { y?: number }).y;
            return 1;
          },
          y: 2,
        },
      ],
    ],
  ])('leaves to structured clone: %s', (_, value) => {
    expect(carried(value)).toBeUndefined();
    // It has left nothing behind.
    expect(carried([{ id: 1 }])?.value).toEqual([{ id: 1 }]);
  });

  it('is not tried for a while after much was written in vain', () => {
    const inVain = [...Array.from({ length: 300 }, (_, id) => ({ id })), new Date()];
    const fits = [{ id: 1 }];
    for (const skipped of [1, 2, 4]) {
      expect(carried(inVain)).toBeUndefined();
      for (let i = 0; i < skipped; i++) expect(carried(fits)).toBeUndefined();
    }
    // One that fits makes up for it.
    expect(carried(fits)?.value).toEqual(fits);
    expect(carried(inVain)).toBeUndefined();
    expect(carried(fits)).toBeUndefined();
    expect(carried(fits)?.value).toEqual(fits);
  });

  it('reads each property once', () => {
    let reads = 0;
    const value = {
      get x() {
        return ++reads;
      },
    };
    expect(carried([value])?.value).toEqual([{ x: 1 }]);
    expect(reads).toBe(1);
  });

  describe('where Object.prototype has been changed', () => {
    afterEach(() => {
      Reflect.deleteProperty(Object.prototype, 'name');
    });

    it('properties are the own ones of each object', () => {
      const value = [{ id: 1, name: 'own' }];
      let set: unknown;
      Object.defineProperty(Object.prototype, 'name', {
        configurable: true,
        set(to) {
          set = to;
        },
      });
      const { value: arrived } = carried(value) as { value: [object] };
      const [object] = arrived;
      expect(Object.getOwnPropertyDescriptor(object, 'name')?.value).toBe('own');
      expect(set).toBeUndefined();
    });
  });
});

function nested(depth: number): unknown[] {
  let value: unknown[] = [];
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}
