import { describe, expect, it } from 'vitest';
import { compactViews } from '../dist/src/views.js';

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
