import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { Memory, PAYLOAD_BYTES } from '../../dist/src/protocol/layout.js';
import { readOne, readValues } from '../../dist/src/values/slot-reader.js';
import { writeOne, writeValues } from '../../dist/src/values/slot-writer.js';

const SLOT_BYTES = 16 + PAYLOAD_BYTES;
const SLOT = SLOT_BYTES / 4;

/** Three slots, of which the one in the middle is used. */
function slots(): Memory {
  const memory = new Memory(new SharedArrayBuffer(3 * SLOT_BYTES));
  memory.u8.fill(170);
  return memory;
}

/** What arrives; `undefined`: it does not go by slot. */
function travel(values: readonly unknown[]): readonly unknown[] | undefined {
  const memory = slots();
  const kind = writeValues(memory, SLOT, values);
  const payload = SLOT_BYTES + 16;
  const outside = [...memory.u8.subarray(0, payload), ...memory.u8.subarray(payload + PAYLOAD_BYTES)];
  expect(outside.every((byte) => byte === 170)).toBe(true);
  return kind < 0 ? undefined : readValues(memory, SLOT, kind);
}

const unit = fc.oneof(
  fc.constantFrom('"', '\\', '\n', '\0', '\x1f', '\x7f', '\ud800', '\udfff', '\u2028', 'é', '日'),
  fc.integer({ min: 0, max: 0xff }).map((code) => String.fromCharCode(code)),
);
const text = fc.string({ unit, maxLength: 30 });
const leaf = fc.oneof(text, fc.double(), fc.integer(), fc.boolean(), fc.constant(null), fc.constant(-0));
const { plain } = fc.letrec((tie) => ({
  plain: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('plain'), { maxLength: 5 }),
    fc.dictionary(fc.oneof(text, fc.constantFrom('__proto__', 'toJSON', '', '7')), tie('plain'), {
      maxKeys: 5,
    }),
  ),
}));

/** Properties that `isDeepStrictEqual` sees, on an object with the usual prototype. */
const given = fc.array(plain, { maxLength: 4 });

describe('plain objects in a slot', () => {
  it('come out as structured clone would make them, and nothing beside the payload is written', () => {
    let fitting = 0;
    fc.assert(
      fc.property(given, (values) => {
        const read = travel(structuredClone(values));
        if (read === undefined) return;
        if (values.some((value) => typeof value === 'object')) fitting++;
        expect(isDeepStrictEqual(read, structuredClone(values))).toBe(true);
      }),
      { numRuns: 5_000 },
    );
    expect(fitting).toBeGreaterThan(500);
  });

  it('up to the last byte of the payload, narrow and wide, with and without escapes', () => {
    for (const letter of ['x', '日', '"', '\x01']) {
      let fitted = 0;
      for (let length = 0; length < 260; length++) {
        const value = { k: [letter.repeat(length)], n: 1 };
        const read = travel([value]);
        if (read === undefined) continue;
        fitted++;
        expect(read).toEqual([value]);
      }
      expect(fitted).toBeGreaterThan(20);
    }
  });

  describe('know no toJSON', () => {
    const prototypes: object[] = [Object.prototype, Array.prototype, String.prototype, Number.prototype];
    afterEach(() => {
      for (const prototype of prototypes) delete (prototype as { toJSON?: unknown }).toJSON;
    });

    it.each(prototypes.map((prototype) => [prototype.constructor.name, prototype] as const))(
      'of %s.prototype',
      (_name, prototype) => {
        Object.defineProperty(prototype, 'toJSON', { value: () => 'wrong', configurable: true });
        const values = [{ text: 'x', list: [1, { n: 2 }] }, [3]];
        expect(isDeepStrictEqual(travel(values), values)).toBe(true);
      },
    );

    it('of their own that is hidden', () => {
      const hide = <T extends object>(value: T) => Object.defineProperty(value, 'toJSON', { value: () => 0 });
      expect(travel([hide({ a: 1 }), { inner: hide([1, 2]) }])).toEqual([{ a: 1 }, { inner: [1, 2] }]);
    });
  });

  it.each<[string, unknown]>([
    ['NaN', Number.NaN],
    ['-0', -0],
    ['a Date', new Date(0)],
    ['a function', () => 1],
    ['undefined', undefined],
  ])('a getter that gives %s the second time arrives as what it gave the first time', (_title, second) => {
    let reads = 0;
    const value = {
      get x() {
        return reads++ === 0 ? 1 : second;
      },
    };
    expect(travel([value])).toEqual([{ x: 1 }]);
    expect(reads).toBe(1);
  });

  describe('with a getter that writes or reads another slot in between', () => {
    const other = slots();
    const kind = writeValues(other, SLOT, [1, { theirs: 'x'.repeat(100) }, 'y'.repeat(50)]);
    const write = (values: readonly unknown[]) => writeValues(other, 2 * SLOT, values);

    it.each<[string, () => unknown]>([
      ['a short one', () => write([1])],
      ['a full one', () => write(['x'.repeat(230)])],
      ['one that does not fit', () => write(['x'.repeat(500)])],
      ['one of objects', () => write([{ a: [1, 2, 3] }])],
      ['one value', () => writeOne(other, 0, { a: 1 })],
    ])('do not go by slot where it writes %s', (_title, act) => {
      const getter = {
        get x() {
          act();
          return 5;
        },
        last: 'z',
      };
      for (const values of [[getter], [1, getter, 2], ['日', getter, { n: getter }]]) {
        expect(travel(values)).toBeUndefined();
      }
      const memory = slots();
      expect(writeOne(memory, SLOT, getter)).toBe(-1);
      const list = Object.defineProperty([1, 2, 3], 1, { get: act, enumerable: true });
      expect(travel(list)).toBeUndefined();
    });

    it('are right where it reads', () => {
      const value = {
        get x() {
          readValues(other, SLOT, kind);
          return 5;
        },
        last: 'z',
      };
      expect(travel([1, value, 2])).toEqual([1, { x: 5, last: 'z' }, 2]);
    });
  });

  it.each<[string, () => object]>([
    ['a Map', () => new Map([[1, 2]])],
    ['a Set', () => new Set([1])],
    ['a Date', () => new Date(5)],
    ['an Error', () => Object.assign(new Error('x'), { code: 1 })],
    ['a RegExp', () => /x/],
    ['a boxed string', () => Object('x')],
    ['a boxed number', () => Object(5)],
    ['an array', () => [1]],
    ['a Promise', () => Promise.resolve()],
    ['an ArrayBuffer', () => new ArrayBuffer(8)],
    ['shared memory', () => new SharedArrayBuffer(8)],
  ])('%s is none, whatever its prototype', (_title, make) => {
    const disguised = Object.setPrototypeOf(make(), Object.prototype);
    expect(travel([disguised])).toBeUndefined();
    expect(travel([{ inner: [disguised] }])).toBeUndefined();
  });

  it('an object that is wide and in two places is still one', () => {
    const one = { text: '日' };
    expect(travel([one, { one }])).toBeUndefined();
    expect(travel([{ a: 'x' }, { ...one }])).toEqual([{ a: 'x' }, one]);
  });
});

describe('byte arrays in a slot', () => {
  it('are Uint8Arrays, whatever their prototype', () => {
    for (const proto of [Uint8Array.prototype, Buffer.prototype]) {
      expect(travel([Object.setPrototypeOf(new Int16Array([1, -2]), proto)])).toBeUndefined();
    }
  });

  it('nor are views of shared memory what their prototype says', () => {
    const disguised = Object.setPrototypeOf(new Int16Array(new SharedArrayBuffer(8)), Uint8Array.prototype);
    const stores = { shares: { numberOf: () => 1 }, arena: { most: 0, put: () => -1, putText: () => -1 } };
    expect(writeValues(slots(), SLOT, [disguised], stores)).toBe(-1);
    expect(writeValues(slots(), SLOT, [new Int16Array(disguised.buffer)], stores)).toBeGreaterThan(0);
  });

  it('are of no resizable buffer, which would not be that any more', () => {
    const Resizable = ArrayBuffer as unknown as new (bytes: number, options: object) => ArrayBuffer;
    const buffer = new Resizable(8, { maxByteLength: 16 });
    for (const view of [new Uint8Array(buffer), new Uint8Array(buffer, 2, 3), Buffer.from(buffer, 0, 4)]) {
      expect(travel([view])).toBeUndefined();
    }
  });

  it('what they say of themselves is not believed', () => {
    const view = Object.defineProperty(new Uint8Array([1, 2, 3]), 'buffer', {
      value: new SharedArrayBuffer(1),
    });
    expect(travel([view])).toEqual([new Uint8Array([1, 2, 3])]);
    const memory = slots();
    expect(readOne(memory, SLOT, writeOne(memory, SLOT, view))).toEqual(new Uint8Array([1, 2, 3]));
  });
});
