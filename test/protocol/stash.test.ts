import { expect, it } from 'vitest';
import { Stash } from '../../dist/src/protocol/stash.js';

it('gives each value once, in any order', () => {
  const stash = new Stash<string>();
  for (const id of [5, 3, 9]) stash.put(id, `value ${id}`);
  expect(stash.take(4)).toBeUndefined();
  expect(stash.take(9)).toBe('value 9');
  expect(stash.take(9)).toBeUndefined();
  stash.put(9, 'another');
  expect(stash.take(5)).toBe('value 5');
  expect(stash.take(9)).toBe('another');
  expect(stash.take(3)).toBe('value 3');
  expect(stash.take(3)).toBeUndefined();
});

it('stays small, also where it is never empty', () => {
  const stash = new Stash<object>();
  stash.put(0, { id: 0 });
  for (let id = 1; id < 10_000; id++) {
    stash.put(id, { id });
    expect(stash.take(id - 1)).toEqual({ id: id - 1 });
  }
  expect(stash.places).toBeLessThan(200);
  expect(stash.take(9_999)).toEqual({ id: 9_999 });
});
