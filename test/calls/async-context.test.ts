import { AsyncLocalStorage } from 'node:async_hooks';
import { Balancer } from 'leastwork';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { taskEntry } from '../support/task-entry.js';

/** As users write it in a module of tasks. */

const storage = new AsyncLocalStorage<number>();

/** Many callers at once, each with its own store: what each of them saw at the places where it looked. */
const callers = (run: (n: number) => Promise<unknown[]>) =>
  Promise.all([...Array(20).keys()].map((n) => storage.run(n, () => run(n))));

const seenByEach = (times: number) => [...Array(20).keys()].map((n) => Array(times).fill(n));

describe("the caller's AsyncLocalStorage", () => {
  let balancer: Balancer;
  beforeAll(() => {
    balancer = new Balancer({ workers: 1 });
  });
  afterAll(() => balancer.close());

  it('holds after submit, in callbacks of its promise, and where it rejects', async () => {
    const seen = await callers(async () => {
      const all: unknown[] = [];
      await balancer.submit(() => 1);
      all.push(storage.getStore());
      await balancer.submit(() => ({ by: ['message'] })).then(() => all.push(storage.getStore()));
      await balancer
        .submit(() => {
          throw new Error('x');
        })
        .catch(() => all.push(storage.getStore()));
      return all;
    });
    expect(seen).toEqual(seenByEach(3));
  });

  it('holds in onProgress', async () => {
    const seen = await callers(async () => {
      const all: unknown[] = [];
      const task = async (url: string) => {
        const { context } = await import(url);
        context.progress(1);
        await null;
        context.progress(2);
      };
      await balancer.submit(task, [taskEntry], { onProgress: () => all.push(storage.getStore()) });
      return all;
    });
    expect(seen).toEqual(seenByEach(2));
  });

  it('holds in loops over streams and maps, and in the source of a map', async () => {
    const seen = await callers(async () => {
      const all: unknown[] = [];
      const numbers = balancer.stream(function* () {
        yield* [1, 2];
      });
      for await (const _ of numbers) all.push(storage.getStore());
      async function* source() {
        for (let i = 0; i < 3; i++) {
          all.push(storage.getStore());
          yield i;
          await null;
        }
      }
      for await (const _ of balancer.map(source(), (n) => n)) all.push(storage.getStore());
      return all;
    });
    expect(seen).toEqual(seenByEach(8));
  });

  it('of whoever made the Balancer is not mixed in', async () => {
    await using own = storage.run(-1, () => new Balancer({ workers: 1 }));
    await own.submit(() => 1);
    expect(storage.getStore()).toBe(undefined);
    const seen = await callers(async () => {
      await own.submit(() => 1);
      return [storage.getStore()];
    });
    expect(seen).toEqual(seenByEach(1));
  });
});

describe('the context of a request', () => {
  let balancer: Balancer;
  beforeAll(() => {
    balancer = new Balancer({ workers: 1 });
  });
  afterAll(() => balancer.close());

  it('is what was given with it: also in async tasks, one after the other', async () => {
    const task = async (url: string) => {
      const { context } = await import(url);
      const before = context.value;
      await new Promise((resolve) => setImmediate(resolve));
      return [before, context.value];
    };
    const all = [1, 2, 3].map((n) => balancer.submit(task, [taskEntry], { context: { n } }));
    expect(await Promise.all(all)).toEqual([1, 2, 3].map((n) => [{ n }, { n }]));
    expect(await balancer.submit(task, [taskEntry])).toEqual([undefined, undefined]);
  });

  it('is there in a generator, and its progress comes before the values that follow', async () => {
    const heard: unknown[] = [];
    const values = balancer.stream(
      async function* (url) {
        const { context } = await import(url);
        yield context.value;
        context.progress('progress');
        yield 2;
      },
      [taskEntry],
      { context: 'given', onProgress: (value) => heard.push(value) },
    );
    for await (const value of values) heard.push(value);
    expect(heard).toEqual(['given', 'progress', 2]);
  });

  it('all progress has come before the result, however busy the main thread was', async () => {
    const words = new Int32Array(new SharedArrayBuffer(4));
    const heard: unknown[] = [];
    await balancer.submit((url) => import(url).then(() => {}), [taskEntry]);
    const task = balancer.submit(
      async (url, words) => {
        const { context } = await import(url);
        context.progress(1);
        context.progress(2);
        // The completion is published right after this.
        setImmediate(() => {
          Atomics.store(words, 0, 1);
          Atomics.notify(words, 0);
        });
      },
      [taskEntry, words],
      { onProgress: (value) => heard.push(value) },
    );
    await balancer.ready();
    Atomics.wait(words, 0, 0);
    // A burst this long is dispatched, and results are taken, in the midst of it.
    const burst = [...Array(100).keys()].map((i) => balancer.submit((n) => n, [i]));
    await task;
    expect(heard).toEqual([1, 2]);
    await Promise.all(burst);
  });

  it('outside of a task there is none', async () => {
    const { context } = (await import(taskEntry)) as { context: { value: unknown } };
    expect(() => context.value).toThrow(/no running request/);
  });
});
