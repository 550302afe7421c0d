/** A source whose `return()` never ends. */
import { setTimeout as pause } from 'node:timers/promises';
import { Balancer } from 'leastwork';
import { expect, it } from 'vitest';
import { collect } from '../support/collect.js';
import { until } from '../support/until.js';

const REASON = new Error('enough');

/** Numbers without end, and how often they have been closed. */
class Endless implements Iterable<number> {
  closed = 0;
  #next = 0;
  [Symbol.iterator]() {
    return {
      next: () => ({ done: false, value: this.#next++ }),
      return: (): never => {
        this.closed++;
        return new Promise(() => {}) as never;
      },
    };
  }
}

const slow = (n: number): unknown => new Promise((resolve) => setTimeout(resolve, n === 0 ? 0 : 60_000, n));
const failing = (n: number): unknown => {
  if (n > 0) throw new RangeError('one');
  return n;
};

it.each([
  ['map', slow],
  ['mapSettled', slow],
  ['map', failing],
] as const)('an abort ends %s of %o, once', async (method, task) => {
  const balancer = new Balancer({ workers: 1, grace: 0 });
  const source = new Endless();
  const abort = new AbortController();
  const loop = collect<unknown>(balancer[method](source, task, { signal: abort.signal, batch: 1 }));
  // A main thread that is late may find that the source has had its time.
  loop.catch(() => {});
  if (task === failing) await until(() => source.closed === 1);
  else await pause(20);
  abort.abort(REASON);
  // What has ended it already is its error.
  await expect(loop).rejects.toThrow(task === failing ? 'one' : 'enough');
  expect(source.closed).toBe(1);
  await balancer.close({ timeout: 0 });
});

it.each(['map', 'mapSettled'] as const)('closing the Balancer ends %s', async (method) => {
  const balancer = new Balancer({ workers: 1 });
  const loop = collect<unknown>(balancer[method](new Endless(), slow, { batch: 1 }));
  loop.catch(() => {});
  await pause(20);
  await balancer.close({ timeout: 0 });
  await expect(loop).rejects.toMatchObject({ code: 'ERR_BALANCER_CLOSED' });
});

it('the error of a task is thrown all the same', async () => {
  const balancer = new Balancer({ workers: 1 });
  const source = new Endless();
  await expect(collect<unknown>(balancer.map(source, failing, { batch: 1 }))).rejects.toThrow('one');
  expect(source.closed).toBe(1);
  await balancer.close();
});

it('the error of a task waits for a source that ends in time', async () => {
  const balancer = new Balancer({ workers: 1 });
  let isClosed = false;
  // Not an async one: the end of a source that has just been asked for an item is not waited for.
  const numbers = function* () {
    for (let n = 0; ; n++) yield n;
  };
  const source = {
    [Symbol.iterator]: () =>
      Object.assign(numbers(), {
        return: async () => {
          await pause(50);
          isClosed = true;
        },
      }) as unknown as Iterator<number>,
  };
  await expect(collect<unknown>(balancer.map(source, failing, { batch: 1 }))).rejects.toThrow('one');
  expect(isClosed).toBe(true);
  await balancer.close();
});

it('leaving the loop waits for the source, as every loop does, until an abort', async () => {
  const balancer = new Balancer({ workers: 1 });
  const source = new Endless();
  const abort = new AbortController();
  let isLeft = false;
  const loop = (async () => {
    for await (const _ of balancer.map(source, (n: number) => n, { batch: 1, signal: abort.signal })) break;
    isLeft = true;
  })();
  await until(() => source.closed === 1);
  await pause(1_500);
  expect(isLeft).toBe(false);
  abort.abort(REASON);
  await loop;
  await balancer.close();
});
