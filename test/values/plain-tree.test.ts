import { describe, expect, it } from 'vitest';
import { plainTreeBytes } from '../../dist/src/values/plain-tree.js';
import { scan } from '../../dist/src/values/scan.js';

class Point {
  x = 1;
}

const cyclic: Record<string, unknown> = {};
cyclic.self = cyclic;

const many = Array.from({ length: 1_000 }, () => ({}));

function deep(): unknown[] {
  let value: unknown[] = [];
  for (let i = 0; i < 100_000; i++) value = [value];
  return value;
}

describe('plainTreeBytes', () => {
  it.each([
    [[]],
    [{}],
    [[1, 'two', null, undefined, true]],
    [{ id: 1, tags: ['a', 'b'], children: [{ id: 2, children: [] }] }],
    // With a hole.
    [Object.assign([1], { 2: 3 })],
  ])('estimates as the scan does: %j', (value) => {
    const { bytes } = scan(value, undefined, false);
    expect(plainTreeBytes(value)).toBe(bytes);
  });

  it.each([
    ['a view', [new Uint8Array(1)]],
    ['a buffer', [{ bytes: new ArrayBuffer(1) }]],
    ['a signal', [{ signal: new AbortController().signal }]],
    ['an error', { cause: new Error('x') }],
    ['a Map', [new Map()]],
    ['a Map that looks like an object', [Object.setPrototypeOf(new Map(), Object.prototype)]],
    ['a Date that looks like an object', [Object.setPrototypeOf(new Date(), Object.prototype)]],
    ['an instance', [new Point()]],
    ['an object without a prototype', [Object.create(null)]],
    ['a cycle', cyclic],
    ['more objects than are looked at', many],
    ['a long array', new Array(10_001).fill(0)],
    ['more depth than the stack has', deep()],
    [
      'a getter that throws',
      {
        get x(): never {
          throw new Error('x');
        },
      },
    ],
  ])('leaves %s to the scan', (_, value) => {
    expect(plainTreeBytes(value)).toBe(-1);
  });

  it('counts on after a getter that has another value looked at', () => {
    const value = {
      get first(): number {
        plainTreeBytes(['something', 'else']);
        return 1;
      },
      second: [1, 2],
    };
    expect(plainTreeBytes(value)).toBe(scan(value, undefined, false).bytes);
  });
});
