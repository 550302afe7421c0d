import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { pack } from '../../dist/src/values/pack.js';

const compactViews = <T>(value: T, transfer?: readonly unknown[]): T => pack(value, transfer).value;

/** A view of a few bytes in the middle of a large buffer. */
function part(buffer = new ArrayBuffer(8192), offset = 1000, length = 10): Uint8Array {
  return new Uint8Array(buffer, offset, length).fill(7);
}

describe('compactViews', () => {
  it('replaces a small part of a large buffer by a copy of just its bytes', () => {
    const view = part();
    const args = [view];
    const [compact] = compactViews(args);
    expect(compact).toEqual(view);
    expect(compact?.buffer.byteLength).toBeLessThan(20);
    expect(args[0]).toBe(view);
  });

  it('keeps a Buffer a Buffer', () => {
    const [compact] = compactViews([Buffer.from(part().buffer, 1000, 10)]);
    expect(Buffer.isBuffer(compact)).toBe(true);
    expect(compact?.buffer.byteLength).toBeLessThan(20);
  });

  it.each([
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
    DataView,
  ])('keeps the type and values of %o', (View) => {
    const buffer = new ArrayBuffer(8192);
    new Uint8Array(buffer).forEach((_, i, all) => {
      all[i] = i % 251;
    });
    // Two views, of which the first makes the copy begin at an odd place.
    const odd = new Uint8Array(buffer, 1001, 3);
    const view = new (View as Uint8ArrayConstructor)(buffer, 1024, 4);
    const [, compact] = compactViews([odd, view] as const);
    expect(compact).toBeInstanceOf(View);
    expect(compact).not.toBe(view);
    expect(compact).toEqual(view);
  });

  it('keeps two views of one buffer two views of one buffer', () => {
    const buffer = new ArrayBuffer(8192);
    const [one, { two }] = compactViews([part(buffer, 100, 10), { two: part(buffer, 105, 50) }] as const);
    expect(one.buffer).toBe(two.buffer);
    expect(one.buffer.byteLength).toBeLessThan(70);
    one[5] = 99;
    expect(two[0]).toBe(99);
  });

  it('keeps one view in two places one view', () => {
    const view = part();
    const [one, two] = compactViews([view, view]);
    expect(one).toBe(two);
  });

  it('leaves a buffer that all its views together need', () => {
    const buffer = new ArrayBuffer(8192);
    const args = [part(buffer, 0, 10), part(buffer, 8000, 10)];
    expect(compactViews(args)).toBe(args);
  });

  it('leaves a small part of a buffer that another view needs whole', () => {
    const buffer = new ArrayBuffer(8192);
    const args = [part(buffer), part(buffer, 0, 8192)];
    expect(compactViews(args)).toBe(args);
    const turned = [new Uint8Array(9000), part(buffer, 0, 8192), part(buffer)];
    expect(compactViews(turned)).toBe(turned);
  });

  it('copies what contains a replaced view, and nothing else', () => {
    const other = { untouched: true };
    const args = [{ deep: [{ view: part() }], other }];
    const frozen = structuredClone(args);
    const compact = compactViews(args);
    expect(compact).toEqual(args);
    expect(compact).not.toBe(args);
    expect(args).toEqual(frozen);
    expect(args[0]?.deep[0]?.view.buffer.byteLength).toBe(8192);
    expect(compact[0]?.deep[0]?.view.buffer.byteLength).toBeLessThan(20);
  });

  it('keeps cycles and shared objects', () => {
    const shared = { view: part() };
    const args: unknown[] = [shared, shared];
    args.push(args);
    const compact = compactViews(args);
    expect(compact[0]).toBe(compact[1]);
    expect(compact[2]).toBe(compact);
    expect((compact[0] as typeof shared).view.buffer.byteLength).toBeLessThan(20);
  });

  it('keeps extra properties of arrays', () => {
    const list = Object.assign([part()], { note: 'x' });
    expect(compactViews([list])[0]).toMatchObject({ note: 'x' });
  });

  class Holder {
    view: Uint8Array;
    constructor(view: Uint8Array) {
      this.view = view;
    }
  }

  it.each<[string, (buffer: ArrayBuffer) => unknown]>([
    ['a Map', (buffer) => new Map([[1, part(buffer)]])],
    ['the keys of a Map', (buffer) => new Map([[part(buffer), 1]])],
    ['a Set', (buffer) => new Set([part(buffer)])],
    ['an instance of a class', (buffer) => new Holder(part(buffer))],
    ['the buffer itself', (buffer) => buffer],
  ])('leaves a buffer that is also seen from %s', (_title, make) => {
    const buffer = new ArrayBuffer(8192);
    const args = [part(buffer), make(buffer)];
    expect(compactViews(args)).toBe(args);
    const turned = [make(buffer), part(buffer)];
    expect(compactViews(turned)).toBe(turned);
  });

  it.each<[string, (value: object) => object, (held: never) => unknown]>([
    ['a Map', (value) => new Map([[1, value]]), (held: Map<number, unknown>) => held.get(1)],
    ['a key of a Map', (value) => new Map([[value, 1]]), (held: Map<unknown, number>) => [...held.keys()][0]],
    ['a Set', (value) => new Set([value]), (held: Set<unknown>) => [...held][0]],
    [
      'an instance of a class',
      (value) =>
        new (class {
          value = value;
        })(),
      (held: { value: unknown }) => held.value,
    ],
    ['an error', (value) => new Error('x', { cause: value }), (held: Error) => held.cause],
  ])('what is also in %s stays one object', (_title, hold, heldBy) => {
    const one = { view: part(), inner: { deep: [part()] } };
    for (const object of [one, one.inner]) {
      for (const args of [
        [one, hold(object), part()],
        [hold(object), one, part()],
      ]) {
        const [first, second] = structuredClone(compactViews(args)) as [never, never];
        const [held, plain] = args[0] === one ? [second, first as typeof one] : [first, second as typeof one];
        expect(heldBy(held)).toBe(object === one ? plain : plain.inner);
      }
    }
  });

  it('an object that leads to itself through a Map', () => {
    const node = { view: part(), self: new Map<string, unknown>() };
    node.self.set('me', node);
    const [clone] = structuredClone(compactViews([node])) as [{ self: Map<string, unknown> }];
    expect(clone.self.get('me')).toBe(clone);
  });

  it("calls nothing of an array's own class", () => {
    class Fussy extends Array<unknown> {
      constructor(...parts: unknown[]) {
        super();
        if (parts.length !== 1 || typeof parts[0] !== 'object') throw new TypeError('not like that');
        this.push(...parts);
      }
      override slice(): never {
        throw new Error('nor this');
      }
    }
    const [compact] = compactViews<unknown>([new Fussy(part())]) as [[Uint8Array]];
    expect(compact).toEqual([part()]);
    expect(compact[0].buffer.byteLength).toBeLessThan(20);
  });

  it('keeps holes of arrays, and a property that is called __proto__', () => {
    const sparse = [undefined, part()];
    delete sparse[0];
    const odd = JSON.parse('{"__proto__": {"a": 1}}') as object;
    const [list, object] = compactViews([sparse, Object.assign(odd, { view: part() })]);
    expect(0 in (list as object)).toBe(false);
    expect(Object.keys(object as object)).toEqual(['__proto__', 'view']);
    expect(structuredClone(object)).toEqual(structuredClone(odd));
  });

  it('views that lie about themselves', () => {
    const lie = (view: ArrayBufferView, name: string, value: unknown) =>
      Object.defineProperty(view, name, { value });
    class Short extends Uint8Array {
      override get length() {
        return 2;
      }
    }
    const lies = [
      lie(part(), 'length', 3),
      lie(part(), 'byteLength', 3),
      lie(part(), 'byteOffset', 3),
      lie(part(), 'buffer', new ArrayBuffer(3)),
      lie(part(), Symbol.toStringTag as never, 'Int32Array'),
      Object.setPrototypeOf(part(), Int8Array.prototype),
      new Short(part().buffer as ArrayBuffer, 1000, 10),
    ];
    for (const view of lies) expect(structuredClone(compactViews([{ view }]))).toEqual([{ view: part() }]);
  });

  it('objects of a kind of their own, whatever their prototype', () => {
    const disguise = (value: object) => Object.setPrototypeOf(value, Object.prototype);
    const values = [new Date(5), new Map([[1, 2]]), new Set([1]), new Error('x'), /x/g, Object('x')];
    const args = [part(), ...values.map(disguise)];
    expect(structuredClone(compactViews(args))).toEqual(structuredClone(args));
  });

  it('leaves buffers that are transferred', () => {
    const view = part();
    const args = [view];
    expect(compactViews(args, [view.buffer])).toBe(args);
    expect(compactViews(args, [new ArrayBuffer(1)])).not.toBe(args);
  });

  it('leaves shared memory and resizable buffers', () => {
    const resizable = new (ArrayBuffer as unknown as new (n: number, o: object) => ArrayBuffer)(8192, {
      maxByteLength: 9000,
    });
    const args = [new Uint8Array(new SharedArrayBuffer(8192), 0, 10), new Uint8Array(resizable, 0, 10)];
    expect(compactViews(args)).toBe(args);
  });

  it.each([
    ['nothing', []],
    ['numbers', [1, 'x', null, undefined, true]],
    ['a whole buffer', [new Uint8Array(8192)]],
    ['a small buffer', [new Uint8Array(new ArrayBuffer(100), 0, 1)]],
    ['objects', [{ a: { b: [1] } }, new Map([[1, {}]])]],
  ])('gives back the value itself where there is nothing to do: %s', (_title, args) => {
    expect(compactViews(args)).toBe(args);
  });

  it('leaves to the clone what cannot be looked at', () => {
    const args = [
      part(),
      {
        get x() {
          throw new Error('no');
        },
      },
    ];
    expect(compactViews(args)).toBe(args);
  });

  it('leaves values of great size as they are', () => {
    const view = part();
    const wide = [view, Array.from({ length: 20_000 }, () => 1)];
    expect(compactViews(wide)).toBe(wide);
    const many = [view, Array.from({ length: 5_000 }, () => ({}))];
    expect(compactViews(many)).toBe(many);
  });
});

describe('large buffers that are to be transferred', () => {
  /** So many bytes take `toEqual` seconds, one by one, and so they do `not.toBe`. */
  const LARGE = 2 ** 18;
  const filled = () => new Uint8Array(LARGE).map((_, i) => i % 251);
  const movedOf = (value: unknown, transfer?: readonly unknown[]) => pack(value, transfer, true);

  it('are copied, and the caller keeps his own', () => {
    const bytes = filled();
    const { value, moved, bytes: size } = movedOf([bytes]) as ReturnType<typeof pack<[Uint8Array]>>;
    expect(moved).toHaveLength(1);
    expect(moved[0]).toBe(value[0].buffer);
    expect(value[0] === bytes).toBe(false);
    expect(Buffer.compare(value[0], bytes)).toBe(0);
    expect(size).toBeGreaterThanOrEqual(LARGE);
    expect(isDeepStrictEqual(structuredClone(value, { transfer: [...moved] })[0], bytes)).toBe(true);
    expect(bytes.byteLength).toBe(LARGE);
  });

  it('are copied whole, also behind a view of only most of them, or several of parts', () => {
    const { buffer } = filled();
    const views = [
      new Uint8Array(buffer, 8, LARGE - 8),
      new Float64Array(buffer, 0, 2),
      new DataView(buffer),
    ];
    const { value, moved } = movedOf(views);
    expect(moved).toHaveLength(1);
    expect(moved[0]?.byteLength).toBe(LARGE);
    expect(isDeepStrictEqual(value, views)).toBe(true);
    for (const view of value as ArrayBufferView[]) expect(view.buffer).toBe(moved[0]);
  });

  it('stay one object where they are given twice, and Buffers stay Buffers', () => {
    const bytes = Buffer.from(filled());
    const { value, moved, buffers } = movedOf([bytes, { same: bytes }]);
    const [one, { same }] = value as [Buffer, { same: Buffer }];
    expect(one).toBe(same);
    expect(buffers).toHaveLength(1);
    expect(buffers?.[0]).toBe(one);
    expect(moved).toHaveLength(1);
  });

  it('are moved as parts, too, if only a large part is viewed', () => {
    const part = new Uint8Array(filled().buffer, 16, LARGE / 2);
    const { value, moved } = movedOf(part);
    expect(moved[0]?.byteLength).toBe(LARGE / 2);
    expect(Buffer.compare(value as Uint8Array, part)).toBe(0);
  });

  it.each<[string, () => unknown, (value: never) => readonly unknown[]]>([
    ['small', () => [new Uint8Array(1_000)], () => []],
    ['transferred by the caller', () => [filled()], ([bytes]: [Uint8Array]) => [bytes.buffer]],
    ['in a Map', () => [new Map([['bytes', filled()]])], () => []],
    ['in a Map as well', () => ((bytes) => [bytes, new Map([['bytes', bytes]])])(filled()), () => []],
    ['buffers that are seen as such', () => ((bytes) => [bytes, bytes.buffer])(filled()), () => []],
    ['shared', () => [new Uint8Array(new SharedArrayBuffer(LARGE))], () => []],
    ['beside much else, which would be copied', () => [filled(), new Array(1_000).fill(1)], () => []],
  ])('stay what they are if they are %s', (_, make, transferOf) => {
    const value = make();
    const packed = movedOf(value, transferOf(value as never));
    expect(packed.moved).toEqual([]);
    expect(packed.value).toBe(value);
  });

  it('are not copied for a message that transfers nothing', () => {
    const value = [filled()];
    expect(pack(value).moved).toEqual([]);
    expect(pack(value).value).toBe(value);
  });
});
