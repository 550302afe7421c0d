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
