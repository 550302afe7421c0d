import { expect, it } from 'vitest';
import { Queue } from '../../dist/src/requests/queue.js';
import type { Request } from '../../dist/src/requests/request.js';

/** Counts how often ages are compared: each looks at two ids. */
function putBackFrom(windows: number, each: number): { readonly looks: number; readonly order: number[] } {
  let looks = 0;
  const make = (id: number) =>
    ({
      get id() {
        looks++;
        return id;
      },
      isSettled: false,
      extras: undefined,
    }) as unknown as Request;
  const queue = new Queue();
  for (let w = 0; w < windows; w++) {
    for (let i = each - 1; i >= 0; i--) queue.pushBack(make(i * windows + w));
  }
  const taken = [...queue.takeAll()];
  const before = looks;
  return { looks: before, order: taken.map(({ id }) => id) };
}

it('what many workers had comes back in order, at a cost that grows with its number and not with its square', () => {
  const few = putBackFrom(4, 500);
  const many = putBackFrom(4, 20_000);
  expect(many.order).toEqual(Array.from({ length: 80_000 }, (_, i) => i));
  // Merging 4 rows takes 2 comparisons for each, of 2 ids; 40 times as many requests, 1,600 times the square.
  expect(many.looks / few.looks).toBeLessThan(100);
});
