import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Heap } from '../../dist/src/collections/heap.js';

const step = fc.oneof(
  fc.record({ push: fc.integer({ min: -5, max: 5 }) }),
  fc.constant('pop' as const),
  fc.constant('clear' as const),
);

test('the top is always the first in order, whatever was pushed and popped', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const heap = new Heap<number>((a, b) => b - a);
      let sorted: number[] = [];
      for (const each of steps) {
        if (each === 'pop') expect(heap.pop()).toBe(sorted.shift());
        else if (each === 'clear') {
          heap.clear();
          sorted = [];
        } else {
          heap.push(each.push);
          sorted = [...sorted, each.push].sort((a, b) => b - a);
        }
        expect(heap.peek()).toBe(sorted[0]);
      }
      heap.addAll([1, 9, 3]);
      expect(heap.peek()).toBe(Math.max(9, ...sorted));
    }),
  );
});
