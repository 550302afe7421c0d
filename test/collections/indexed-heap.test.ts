import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type HeapEntry, IndexedHeap } from '../../dist/src/collections/indexed-heap.js';

const key = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.double({ noNaN: true }), fc.constant(Infinity));
const step = fc.oneof(
  fc.record({ do: fc.constant('insert' as const), key, which: fc.nat() }),
  fc.record({ do: fc.constant('update' as const), key, which: fc.nat() }),
  fc.record({ do: fc.constant('delete' as const), key, which: fc.nat() }),
);

test('after any inserts, updates and deletes in the middle, every element knows its index and the least is on top', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const heap = new IndexedHeap<HeapEntry>();
      const entries: HeapEntry[] = [];
      let order = 0;
      for (const { do: action, key, which } of steps) {
        const entry = entries[which % entries.length];
        if (action === 'insert') {
          const added = { key, order: order++, index: -1 };
          entries.push(added);
          heap.insert(added);
        } else if (entry !== undefined && action === 'update') {
          entry.key = key;
          entry.order = order++;
          heap.update(entry);
        } else if (entry !== undefined) {
          entries.splice(entries.indexOf(entry), 1);
          heap.delete(entry);
          expect(entry.index).toBe(-1);
        }
        heap.verify();
        const [least] = [...entries].sort((a, b) =>
          a.key < b.key ? -1 : a.key > b.key ? 1 : a.order - b.order,
        );
        expect(heap.top()).toBe(least);
        expect(heap.size).toBe(entries.length);
      }
    }),
  );
});

test('verify notices a key that was changed behind the back of the heap', () => {
  const heap = new IndexedHeap<HeapEntry>();
  const entries = [1, 2, 3].map((key, order) => ({ key, order, index: -1 }));
  for (const entry of entries) heap.insert(entry);
  entries[2]!.key = 0;
  expect(() => heap.verify()).toThrow('comes before its parent');
});
