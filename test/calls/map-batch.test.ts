import { setImmediate as turn } from 'node:timers/promises';
import { type Balancer, tasks } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { ChunkSizes } from '../../dist/src/calls/map-sizes.js';
import { withBalancer } from '../support/balancer.js';
import { collect } from '../support/collect.js';
import { Gate } from '../support/gate.js';
import { range } from '../support/range.js';
import { taskEntry } from '../support/task-entry.js';

const one = (test: (balancer: Balancer) => Promise<void>) => withBalancer({ workers: 1 }, test);

const shared = { config: [1, 2, 3] };
const cyclic: { self?: unknown } = {};
cyclic.self = cyclic;

/**
 * Values of every kind that can be sent: those that travel together and those that do not, next to each
 * other.
 */
const values: unknown[] = [
  ...['', 'a', 'é'.repeat(90), '\u4e00\ud83d', 'x'.repeat(5_000), '\u4e00'.repeat(300), '"\\\n\0'],
  ...[0, -0, 1, -1, 2 ** 31, -(2 ** 31), 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1e300],
  ...[true, false, null, undefined, 0n, -(2n ** 63n), 2n ** 80n],
  ...[{}, [], { a: 1, b: [null, 'x', { c: '\u4e00' }] }, [1, [2, [3]]], { 0: 'a', __proto__: null }],
  ...[{ a: undefined }, { a: Number.NaN }, [-0], [1n], new Array(3), Object.create({ a: 1 })],
  ...[new Date(7), /x/gi, new Map([[1, { a: 2 }]]), new Set(['a']), new Error('e'), Buffer.from('bytes')],
  ...[
    new Uint8Array(3),
    new Float64Array([1.5]),
    new ArrayBuffer(4),
    cyclic,
    [shared, shared],
    shared,
    shared,
  ],
  ...['after', 5, { last: true }, JSON.parse('{"__proto__":{"own":1}}')],
  ...[range(0, 1_000), { text: 'y'.repeat(70_000) }, range(0, 300).map((n) => ({ n }))],
];

describe('items that travel together', () => {
  it.each([2, 7, 1_000, 'auto'] as const)('and their results are what they are alone (batch: %s)', (batch) =>
    one(async (balancer) => {
      const echo = (value: unknown) => value;
      const alone = await collect(balancer.map(values, echo, { batch: 1 }));
      expect(await collect(balancer.map(values, echo, { batch }))).toEqual(alone);
      expect(alone).toEqual(values.map((value) => structuredCloneOf(value)));
      const unordered = await collect(balancer.map(values, echo, { batch, ordered: false }));
      expect(unordered).toHaveLength(values.length);
    }),
  );

  it('do not see that they have a part in common', () =>
    one(async (balancer) => {
      const common = { count: 0 };
      const items = range(0, 10).map((n) => ({ n, common }));
      const results = await collect(balancer.map(items, (item) => ++item.common.count, { batch: 10 }));
      expect(results).toEqual(Array(10).fill(1));
      const same = await collect(balancer.map(items, (item) => item.common, { batch: 10 }));
      expect(new Set(same).size).toBe(10);
    }));

  it('a getter in an item runs once, and what it does comes as it would alone', () =>
    one(async (balancer) => {
      let asked = 0;
      const item = {
        get value() {
          asked++;
          void balancer.map([{ a: 1 }, { b: [2] }], (other) => other, { batch: 2 }).next();
          return [asked];
        },
      };
      const results = await collect(balancer.map([item, { value: [7] }], ({ value }) => value, { batch: 2 }));
      expect(results[1]).toEqual([7]);
      expect(results[0]).toEqual([asked]);
    }));

  it('have their own id and their own signal', () =>
    one(async (balancer) => {
      const task = async (entry: string) => {
        const { context } = await import(entry);
        return [context.requestId, context.signal.aborted, context.value];
      };
      const options = { batch: 5, submit: { context: 'every' } };
      const seen = await collect(balancer.map(Array(5).fill(taskEntry), task, options));
      const first = seen[0]?.[0] as number;
      expect(seen).toEqual(range(first, first + 5).map((id) => [id, false, 'every']));
    }));

  it('do not share a context that one could change', () =>
    one(async (balancer) => {
      const task = async (entry: string) => {
        const { context } = await import(entry);
        return ++context.value.count;
      };
      const options = { batch: 5, submit: { context: { count: 0 } } };
      expect(await collect(balancer.map(Array(5).fill(taskEntry), task, options))).toEqual(Array(5).fill(1));
    }));

  it('fail with the error, and the stack, that they have alone', () =>
    one(async (balancer) => {
      const task = (n: number) => {
        if (n === 3)
          throw Object.assign(new TypeError('three', { cause: new Error('why') }), { code: 'E_3' });
        return n;
      };
      const failure = async (batch: number) => {
        const results = balancer.map(range(0, 6), task, { batch });
        try {
          for await (const _ of results);
        } catch (error) {
          return error as Error;
        }
        throw new Error('nothing thrown');
      };
      const alone = await failure(1);
      const together = await failure(6);
      expect(together).toEqual(alone);
      expect(together).toMatchObject({ code: 'E_3', cause: { message: 'why' } });
      const frames = (error: Error) => error.stack?.replace(/:\d+:\d+\)?$/gm, '');
      expect(frames(together)).toBe(frames(alone));
      expect(together.stack).toContain('inline:task');
      expect(together.stack).toContain('failure');
      expect(together.stack).not.toContain('ChunkRun');
    }));

  it('of a module that does not load, and a function that does not compile, each fails with that', () =>
    one(async (balancer) => {
      const { nothing } = tasks<{ nothing(n: number): number }>(new URL('./nowhere.js', import.meta.url));
      const outcomes = await collect(balancer.mapSettled(range(0, 4), nothing, { batch: 4 }));
      for (const outcome of outcomes)
        expect(outcome).toMatchObject({ reason: { code: 'ERR_TASK_NOT_FOUND' } });
      expect(outcomes).toHaveLength(4);
    }));

  it('of an async task are run one after the other', () =>
    one(async (balancer) => {
      const task = async (n: number) => {
        const state = globalThis as { running?: number };
        state.running = (state.running ?? 0) + 1;
        await new Promise((resolve) => setImmediate(resolve));
        return [n, state.running--];
      };
      const results = await collect(balancer.map(range(0, 30), task, { batch: 10 }));
      expect(results).toEqual(range(0, 30).map((n) => [n, 1]));
    }));

  it('count one by one in stats()', () =>
    one(async (balancer) => {
      const task = (n: number) => {
        if (n % 10 === 0) throw n;
        return n;
      };
      await collect(balancer.mapSettled(range(0, 100), task, { batch: 50 }));
      const { submitted, completed, failed, workers } = balancer.stats();
      expect({ submitted, completed, failed }).toEqual({ submitted: 100, completed: 100, failed: 10 });
      expect(workers[0]).toMatchObject({ completed: 100, failed: 10, pending: 0 });
    }));

  it('from an async source: what has come is sent before the next is there', () =>
    one(async (balancer) => {
      const source = async function* () {
        for (const n of range(0, 6)) {
          yield n;
          await turn();
        }
        await new Promise(() => {});
      };
      const results = balancer.map(source(), (n) => n, { batch: 100 });
      for (const n of range(0, 6)) expect((await results.next()).value).toBe(n);
      await results.return?.();
    }));

  it('a queue with little room is waited for, also by what does not fit one request', () =>
    withBalancer({ workers: 1, maxQueue: 1 }, async (balancer) => {
      const items = range(0, 200).map((n) => (n % 3 === 0 ? new Map([[n, n]]) : n % 3 === 1 ? n : { n }));
      const results = await collect(balancer.map(items, (item) => item, { batch: 20 }));
      expect(results).toEqual(items);
    }));

  it.each([0, -1, 1.5, 65_537, '3', Number.NaN, null])('batch: %s is refused', (batch) =>
    one(async (balancer) => {
      const call = () => balancer.map([1], (n) => n, { batch: batch as never });
      expect(call).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_OPTION', option: 'map options.batch' }),
      );
    }),
  );
});

/** As it comes out of a slot or a message. */
function structuredCloneOf(value: unknown): unknown {
  return Buffer.isBuffer(value) ? Buffer.from(value) : structuredClone(value);
}

describe("batch: 'auto'", () => {
  const task = (runs: number, mean: number) =>
    ({ runs, mean }) as ConstructorParameters<typeof ChunkSizes>[1];
  const sizeOf = (mean: number, remaining?: number, workers = 2) =>
    new ChunkSizes('auto', task(100, mean), () => workers).next(remaining);

  it('one item while the task is unknown; then about as many as take a millisecond', () => {
    expect(new ChunkSizes('auto', task(0, Number.NaN), () => 2).next(undefined)).toBe(1);
    expect([5, 1, 0.5, 0.3, 0.01].map((mean) => sizeOf(mean))).toEqual([1, 1, 2, 3, 100]);
    expect(sizeOf(1e-9)).toBeLessThanOrEqual(4_096);
  });

  it('fewer towards the end, so that each worker has some', () => {
    expect([10_000, 800, 80, 8, 1, 0].map((left) => sizeOf(0.01, left))).toEqual([100, 100, 20, 20, 20, 20]);
    expect(sizeOf(0.01, 400, 2)).toBe(50);
    expect(sizeOf(0.1, 80, 10)).toBe(2);
  });

  it('a chunk that took much longer than the others says nothing of the next one', () => {
    const sizes = new ChunkSizes('auto', task(100, 0.01), () => 2);
    for (const mean of [0.02, 0.02, 5, 0.02, 5]) sizes.ran(mean);
    expect(sizes.next(undefined)).toBe(50);
    sizes.ran(5);
    expect(sizes.next(undefined)).toBe(1);
  });

  it('a number is what it says', () => {
    expect(new ChunkSizes(7, task(0, Number.NaN), () => 2).next(3)).toBe(7);
  });

  it('what takes longer than it did is not left to the worker that has it', () =>
    withBalancer({ workers: 2 }, async (balancer) => {
      const { threadOf } = tasks<{ threadOf(ms: number): number }>(
        new URL('../fixtures/map/tasks.mjs', import.meta.url),
      );
      // The work is over in little more than a second: a thread that was still starting would get none of it.
      await balancer.workersReady();
      const source = async function* () {
        yield* Array(2_000).fill(0);
        // They come when the task is known to be short, and together.
        yield* Array(60).fill(20);
      };
      const threads = await collect(balancer.map(source(), threadOf));
      expect(threads).toHaveLength(2_060);
      expect(new Set(threads.slice(2_000)).size).toBe(2);
    }));
});

describe('outcomes that come together', () => {
  it('are given in portions, with turns of the event loop between them', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      let sinceTurn = 0;
      let most = 0;
      let isOver = false;
      const onTurn = () => {
        sinceTurn = 0;
        if (!isOver) setImmediate(onTurn);
      };
      setImmediate(onTurn);
      for await (const _ of balancer.map(range(0, 300), (n) => n, { batch: 100 })) {
        const end = performance.now() + 1;
        while (performance.now() < end);
        most = Math.max(most, ++sinceTurn);
      }
      isOver = true;
      // Two looks at the clock, each after 16 values: the first one in a turn begins the measurement.
      expect(most).toBeLessThanOrEqual(32);
    }));
});

describe('a chunk that its caller has left while it runs', () => {
  it('counts each item once, whatever its thread still says', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      // The thread tells of outcomes before the next item, once it has run for 8 ms; errors are read before
      // the end of the chunk is.
      const gate = new Gate();
      await balancer.submit(
        (words: Int32Array) => void Object.assign(globalThis, { gate: words }),
        [gate.words],
      );
      const task = (n: number) => {
        const { gate } = globalThis as unknown as { gate: Int32Array };
        if (n === 0) Atomics.wait(gate, 1, 0, 20);
        if (n !== 1) return;
        Atomics.wait(gate, 1, 0);
        throw new Error('too late');
      };
      for await (const _ of balancer.map([0, 1, 2], task, { batch: 3 })) break;
      gate.open();
      await balancer.close();
      const { submitted, queued, outcomes } = balancer.stats();
      expect({ submitted, queued, ...outcomes }).toMatchObject({
        submitted: 4,
        queued: 0,
        fulfilled: 2,
        aborted: 2,
      });
    }));
});
