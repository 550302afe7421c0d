import { afterAll, expect, it } from 'vitest';
import { Balancer } from '../../dist/src/index.js';
import { elementsOf } from '../../dist/src/values/elements.js';

/** The longest that an array can be: a walk over its indices takes a minute. */
const LONGEST = 2 ** 32 - 1;

function longest(...elements: unknown[]): unknown[] {
  elements.length = LONGEST;
  return elements;
}

const balancer = new Balancer({ workers: 1 });
afterAll(() => balancer.close({ timeout: 0 }));

it.each([
  ['nothing', []],
  ['an object at its beginning', [{}]],
  ['a Buffer', [Buffer.from('a')]],
  ['an error', [new Error('a')]],
])(
  'a list that is as long as can be and has only %s costs what structured clone does',
  async (_what, elements) => {
    const task = (list: unknown[]): unknown[] => list;
    const result = await balancer.submit(task, [longest(...elements)]);
    expect(result.length).toBe(LONGEST);
    expect(Object.values(result)).toEqual(elements);
  },
);

it('only long arrays that are nearly empty are looked at by their keys', () => {
  const dense = Array.from({ length: 200_000 }, (_, i) => i);
  expect(elementsOf(dense)).toBe(dense);
  const short = Object.assign([1], { 2: 3 });
  expect(elementsOf(short)).toBe(short);
  const last = longest();
  last[LONGEST - 1] = 'last';
  expect(elementsOf(last)).toEqual(['last']);
});
