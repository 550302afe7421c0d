import { describe, expect, it } from 'vitest';
import { byteSize } from '../../dist/src/values/byte-size.js';
import { pack } from '../../dist/src/values/pack.js';

function cyclic(): object {
  const object: Record<string, unknown> = { a: { b: [] } };
  object.self = object;
  (object.a as Record<string, unknown>).up = object;
  return object;
}

/** A message says its size by the same rules: the walk that packs it counts along. */
const measures: [name: string, measure: (value: unknown) => number][] = [
  ['byteSize', byteSize],
  ['pack', (value) => pack(value).bytes],
];

describe.each(measures)('the size of a value by %s', (_name, measure) => {
  it.each([
    ['a number', 5, 8, 8],
    ['text', 'x'.repeat(1000), 2000, 2000],
    ['a view counts itself, not its buffer', new Uint8Array(new ArrayBuffer(10_000), 0, 100), 100, 100],
    ['an ArrayBuffer', new ArrayBuffer(10_000), 10_000, 10_000],
    ['shared memory counts nothing', new Uint8Array(new SharedArrayBuffer(10_000)), 0, 100],
    ['arguments', [new Uint8Array(1_000_000), 'x'.repeat(500)], 1_001_000, 1_001_100],
    ['deep in an object', { a: { b: { c: new ArrayBuffer(50_000) } } }, 50_000, 50_200],
    ['a Map', new Map([['k', new ArrayBuffer(5_000)]]), 5_000, 5_100],
    ['a long array, extrapolated', Array.from({ length: 100_000 }, (_, i) => i), 700_000, 900_000],
    [
      'many buffers, extrapolated',
      Array.from({ length: 1_000 }, () => new ArrayBuffer(1_000)),
      900_000,
      1_100_000,
    ],
  ])('%s', (_title, value, least, most) => {
    const bytes = measure(value);
    expect(bytes).toBeGreaterThanOrEqual(least);
    expect(bytes).toBeLessThanOrEqual(most);
  });

  it('ends on cycles and never throws', () => {
    expect(measure(cyclic())).toBeGreaterThan(0);
    const throwing = {
      get x() {
        throw new Error('no');
      },
    };
    expect(measure([throwing])).toBeGreaterThan(0);
  });
});
