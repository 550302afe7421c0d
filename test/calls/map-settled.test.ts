import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { type Balancer, Router } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withBalancer } from '../support/balancer.js';
import { collect } from '../support/collect.js';
import { range } from '../support/range.js';
import { taskEntry } from '../support/task-entry.js';

const oddFails = (n: number) => {
  if (n % 2 === 1) throw Object.assign(new RangeError(`odd ${n}`), { code: 'E_ODD', n });
  return n * 10;
};
const two = (test: (balancer: Balancer) => Promise<void>) => withBalancer({ workers: 2 }, test);

describe('mapSettled', () => {
  it.each([1, 3, 'auto'] as const)(
    'goes on after failures, in the order of the source (batch: %s)',
    (batch) =>
      two(async (balancer) => {
        const outcomes = await collect(balancer.mapSettled(range(0, 50), oddFails, { batch }));
        expect(outcomes).toHaveLength(50);
        for (const [index, outcome] of outcomes.entries()) {
          if (index % 2 === 0) {
            expect(outcome).toEqual({ status: 'fulfilled', index, item: index, value: index * 10 });
            continue;
          }
          expect(outcome).toMatchObject({ status: 'rejected', index, item: index });
          const { reason } = outcome as { reason: unknown };
          expect(reason).toBeInstanceOf(RangeError);
          expect(reason).toMatchObject({ message: `odd ${index}`, code: 'E_ODD', n: index });
          expect(Object.keys(outcome)).toEqual(['status', 'index', 'item', 'reason']);
        }
      }),
  );

  it.each([1, 4, 'auto'] as const)(
    'unordered: each item has one outcome, with its own index (batch: %s)',
    (batch) =>
      two(async (balancer) => {
        const items = range(0, 100).map((n) => `item ${n}`);
        const task = (item: string) => {
          if (item.endsWith('7')) throw item;
          return item.length;
        };
        const outcomes = await collect(balancer.mapSettled(items, task, { batch, ordered: false }));
        const sorted = outcomes.sort((a, b) => a.index - b.index);
        expect(sorted.map(({ index, item }) => [index, item])).toEqual(items.map((item, i) => [i, item]));
        for (const outcome of sorted) {
          if (outcome.item.endsWith('7')) expect(outcome).toHaveProperty('reason', outcome.item);
          else expect(outcome).toHaveProperty('value', outcome.item.length);
        }
      }),
  );

  it('an item that cannot be sent, and a result that cannot, are failures of that item', () =>
    two(async (balancer) => {
      const items: unknown[] = [1, () => 2, 3, 4];
      const task = (item: unknown) => (item === 3 ? Symbol('three') : item);
      const outcomes = await collect(balancer.mapSettled(items, task, { batch: 4 }));
      expect(outcomes.map(({ status }) => status)).toEqual([
        'fulfilled',
        'rejected',
        'rejected',
        'fulfilled',
      ]);
      expect(outcomes[1]).toMatchObject({ reason: { code: 'ERR_NOT_CLONEABLE', path: 'arguments[0]' } });
      expect(outcomes[2]).toMatchObject({ reason: { code: 'ERR_NOT_CLONEABLE', path: 'the result' } });
    }));

  it('what the source throws comes after the outcomes of what it gave', () =>
    two(async (balancer) => {
      const source = function* () {
        yield* range(0, 20);
        throw new TypeError('no more');
      };
      const outcomes: unknown[] = [];
      const loop = async () => {
        for await (const outcome of balancer.mapSettled(source(), oddFails, { batch: 8 }))
          outcomes.push(outcome);
      };
      await expect(loop()).rejects.toThrow(new TypeError('no more'));
      expect(outcomes).toHaveLength(20);
    }));

  it('a source that hangs: what it gave before is run, and leaving does not wait for it', () =>
    two(async (balancer) => {
      const source = async function* () {
        yield* range(0, 5);
        await new Promise(() => {});
      };
      const outcomes = balancer.mapSettled(source(), oddFails, { batch: 100 });
      for (const index of range(0, 5)) expect((await outcomes.next()).value).toMatchObject({ index });
      await outcomes.return?.();
      expect((await outcomes.next()).done).toBe(true);
    }));

  it('a source that ends early, with the last chunk not full', () =>
    two(async (balancer) => {
      const outcomes = await collect(balancer.mapSettled(range(0, 7), oddFails, { batch: 5 }));
      expect(outcomes.map(({ index }) => index)).toEqual(range(0, 7));
      expect(await collect(balancer.mapSettled([], oddFails))).toEqual([]);
    }));

  it('leaving the loop closes the source once', () =>
    two(async (balancer) => {
      let closed = 0;
      const source = function* () {
        try {
          for (let n = 0; ; n++) yield n;
        } finally {
          closed++;
        }
      };
      for await (const { index } of balancer.mapSettled(source(), oddFails, { batch: 3 }))
        if (index === 10) break;
      expect(closed).toBe(1);
    }));

  it('an abort ends it with the reason', () =>
    two(async (balancer) => {
      const controller = new AbortController();
      const reason = new Error('enough');
      const seen: number[] = [];
      const loop = async () => {
        const outcomes = balancer.mapSettled(range(0, 1_000), oddFails, {
          batch: 10,
          signal: controller.signal,
        });
        for await (const { index } of outcomes) {
          seen.push(index);
          if (index === 25) controller.abort(reason);
        }
      };
      await expect(loop()).rejects.toBe(reason);
      expect(seen).toEqual(range(0, 26));
    }));

  it('an abort stops a chunk that runs: its item is told, and no further one starts', () =>
    withBalancer({ workers: 1, grace: Number.POSITIVE_INFINITY }, async (balancer) => {
      const controller = new AbortController();
      const words = new Int32Array(new SharedArrayBuffer(8));
      const keep = (shared: SharedArrayBuffer) => {
        (globalThis as { words?: Int32Array }).words = new Int32Array(shared);
      };
      await balancer.submit(keep, [words.buffer]);
      const task = async (entry: string) => {
        const { context } = await import(entry);
        const { words } = globalThis as unknown as { words: Int32Array };
        Atomics.add(words, 0, 1);
        while (!context.signal.aborted);
        Atomics.add(words, 1, 1);
      };
      const outcomes = balancer.mapSettled(Array(8).fill(taskEntry), task, {
        batch: 8,
        signal: controller.signal,
      });
      const first = outcomes.next();
      while (Atomics.load(words, 0) === 0) await turn();
      controller.abort();
      await expect(first).rejects.toThrow('aborted');
      expect(await balancer.submit(() => 'the same thread')).toBe('the same thread');
      expect([...words]).toEqual([1, 1]);
    }));

  it('a Balancer that is closed ends it: the items that are left would all fail', () =>
    two(async (balancer) => {
      const endless = function* () {
        for (let n = 0; ; n++) yield n;
      };
      const outcomes = balancer.mapSettled(endless(), oddFails, { batch: 2 });
      await outcomes.next();
      const closed = balancer.close();
      const rest = (async () => {
        for await (const _ of outcomes);
      })();
      await expect(rest).rejects.toMatchObject({ code: 'ERR_BALANCER_CLOSED' });
      await closed;
    }));

  it('through a Router', () =>
    two(async (balancer) => {
      const router = new Router({ '*': new Router({ '*': balancer }) });
      const outcomes = await collect(router.mapSettled([1, 2], oddFails, { batch: 2 }));
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    }));

  it('in a pipeline, with backpressure and an early end', () =>
    two(async (balancer) => {
      let asked = 0;
      const source = function* () {
        for (; asked < 100_000; asked++) yield asked;
      };
      const outcomes = Readable.from(balancer.mapSettled(source(), oddFails, { batch: 4 }));
      let sum = 0;
      await expect(
        pipeline(outcomes, async (values: AsyncIterable<{ index: number }>) => {
          for await (const { index } of values) {
            sum += index;
            if (index === 99) throw new Error('enough');
          }
        }),
      ).rejects.toThrow('enough');
      expect(sum).toBe(4_950);
      expect(asked).toBeLessThan(10_000);
      if (!outcomes.closed) await once(outcomes, 'close');
    }));

  it('a queue with room for nothing more is waited for', () =>
    withBalancer({ workers: 1, maxQueue: 1 }, async (balancer) => {
      const outcomes = await collect(balancer.mapSettled(range(0, 300), oddFails, { batch: 2 }));
      expect(outcomes).toHaveLength(300);
      expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(150);
    }));
});
