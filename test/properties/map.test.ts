import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { Balancer, tasks } from 'leastwork';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collect } from '../support/collect.js';
import { range } from '../support/range.js';
import { scratch } from '../support/scratch.js';

interface Item {
  n: number;
  file: string;
  how: string;
}
const { run } = tasks<{ run(item: Item): unknown }>(new URL('../fixtures/map/tasks.mjs', import.meta.url));

/** What becomes of an item that goes that way. */
const fates: Record<string, (n: number) => object> = {
  value: (n) => ({ status: 'fulfilled', value: 2 * n }),
  later: (n) => ({ status: 'fulfilled', value: 2 * n }),
  bytes: (n) => ({ status: 'fulfilled', value: Buffer.from([n]) }),
  throw: (n) => ({
    status: 'rejected',
    reason: expect.objectContaining({ name: 'RangeError', code: 'E_ITEM', n }),
  }),
  reject: (n) => ({ status: 'rejected', reason: expect.objectContaining({ message: `item ${n}` }) }),
  uncloneable: () => ({ status: 'rejected', reason: expect.objectContaining({ code: 'ERR_NOT_CLONEABLE' }) }),
  exit: () => ({
    status: 'rejected',
    reason: expect.objectContaining({ code: 'ERR_WORKER_CRASHED', exitCode: 7 }),
  }),
  'uncaught in a microtask': () => ({
    status: 'rejected',
    reason: expect.objectContaining({ code: 'ERR_WORKER_CRASHED' }),
  }),
};

const ways = fc.oneof(
  { weight: 20, arbitrary: fc.constant('value') },
  { weight: 6, arbitrary: fc.constantFrom('later', 'bytes', 'throw', 'reject', 'uncloneable') },
  { weight: 1, arbitrary: fc.constantFrom('exit', 'uncaught in a microtask') },
);

describe('any mixture of items that succeed, fail and end their thread', () => {
  let balancer: Balancer;
  beforeAll(() => {
    balancer = new Balancer({ workers: 2 });
  });
  afterAll(() => balancer.close());

  it('each has exactly one outcome, its own, and runs exactly once', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(ways, { maxLength: 60 }),
        fc.oneof(fc.integer({ min: 1, max: 70 }), fc.constant('auto' as const)),
        fc.boolean(),
        fc.boolean(),
        async (hows, batch, ordered, isAsync) => {
          const file = join(scratch(), 'runs');
          writeFileSync(file, '');
          const items: Item[] = hows.map((how, n) => ({ n, file, how }));
          const source = isAsync ? later(items) : items;
          const outcomes = await collect(balancer.mapSettled(source, run, { batch, ordered }));
          if (!ordered) outcomes.sort((a, b) => a.index - b.index);
          const wanted = hows.map((how, n) => ({ ...fates[how]?.(n), index: n, item: items[n] }));
          expect(outcomes).toEqual(wanted);
          const runs = readFileSync(file, 'utf8').split('\n').slice(0, -1).map(Number);
          expect(runs.sort((a, b) => a - b)).toEqual(range(0, hows.length));
        },
      ),
      { numRuns: 30 },
    ));

  it('with `retries` and `retry`: each has exactly one outcome', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(ways, { maxLength: 30 }),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        async (hows, batch, ordered) => {
          const file = join(scratch(), 'runs');
          writeFileSync(file, '');
          const items: Item[] = hows.map((how, n) => ({ n, file, how }));
          const options = { batch, ordered, retry: { attempts: 2, delay: 1 }, submit: { retries: 1 } };
          const outcomes = await collect(balancer.mapSettled(items, run, options));
          if (!ordered) outcomes.sort((a, b) => a.index - b.index);
          expect(outcomes).toEqual(hows.map((how, n) => ({ ...fates[how]?.(n), index: n, item: items[n] })));
          const runs = readFileSync(file, 'utf8').split('\n').slice(0, -1).map(Number);
          const expected = (how: string) =>
            ['throw', 'reject', 'exit', 'uncaught in a microtask'].includes(how) ? 2 : 1;
          expect(hows.map((_, n) => runs.filter((each) => each === n).length)).toEqual(hows.map(expected));
        },
      ),
      { numRuns: 15 },
    ));
});

async function* later<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}
