import { expect, it } from 'vitest';
import { Queue } from '../../dist/src/requests/queue.js';
import type { Request } from '../../dist/src/requests/request.js';
import { gc } from '../support/garbage.js';

/** Requests of many priorities that are settled while they wait. @returns whether each is still held */
function settleWhileWaiting(queue: Queue, count: number, left: number): WeakRef<Request>[] {
  const requests = Array.from(
    { length: count },
    (_, id) => ({ id, isSettled: false, extras: { priority: id % 3 } }) as unknown as Request,
  );
  for (const request of requests) queue.push(request);
  for (const request of requests.slice(left)) {
    Object.assign(request, { isSettled: true });
    queue.forget(request);
  }
  return requests.map((request) => new WeakRef(request));
}

it('a queue in which nobody waits holds none of those that were settled while they waited', async () => {
  const queue = new Queue();
  const refs = settleWhileWaiting(queue, 500, 0);
  await gc();
  expect(refs.filter((ref) => ref.deref() !== undefined)).toEqual([]);
  expect(queue).toMatchObject({ size: 0 });
  expect(queue.peek()).toBeUndefined();
});

it('one in which some wait holds no more of the others than of these, and gives them in order', async () => {
  const queue = new Queue();
  const refs = settleWhileWaiting(queue, 20_000, 3_000);
  await gc();
  expect(refs.filter((ref) => ref.deref() !== undefined).length).toBeLessThanOrEqual(6_000);
  const order = [...queue.takeAll()].map(({ id }) => id);
  const waiting = Array.from({ length: 3_000 }, (_, id) => id);
  expect(order).toEqual([2, 1, 0].flatMap((priority) => waiting.filter((id) => id % 3 === priority)));
});
