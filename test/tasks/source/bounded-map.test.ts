import { describe, expect, it } from 'vitest';
import { BoundedMap } from '../../../dist/src/tasks/source/bounded-map.js';

const map = (entries: number, bytes: number) =>
  new BoundedMap<string, string>({ entries, bytes, sizeOf: (key, value) => key.length + value.length });

describe('BoundedMap', () => {
  it('keeps what has been used lately, within its number of entries', () => {
    const all = map(4, 1_000);
    for (const key of ['a', 'b', 'c', 'd', 'e']) {
      all.set(key, key);
      expect(all.get('a')).toBe('a');
    }
    expect(all.get('b')).toBe(undefined);
    expect(all.get('e')).toBe('e');
  });

  it('keeps within its bytes, however few the entries', () => {
    const all = map(1_000, 100);
    const long = 'x'.repeat(30);
    for (let i = 0; i < 50; i++) all.set(`${i}`, long);
    const kept = Array.from({ length: 50 }, (_, i) => all.get(`${i}`)).filter((each) => each !== undefined);
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length * 31).toBeLessThanOrEqual(100);
    expect(all.get('49')).toBe(long);
  });

  it('takes an entry that is larger than all of its bytes, alone', () => {
    const all = map(10, 10);
    all.set('a', '1');
    all.set('b', 'x'.repeat(100));
    expect(all.get('b')).toHaveLength(100);
    all.set('c', 'x'.repeat(100));
    all.set('d', 'x'.repeat(100));
    expect(all.get('b')).toBe(undefined);
  });

  it('counts an entry once, however often it is set', () => {
    const all = map(10, 20);
    all.set('a', '1');
    for (let i = 0; i < 100; i++) all.set('b', 'xxx');
    expect(all.get('a')).toBe('1');
  });
});
