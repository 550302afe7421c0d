import { Balancer } from 'leastwork';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/until.js';

const taskEntry = new URL('../../dist/workers/task.js', import.meta.url).href;

/*
 * A thread has a larger stack than the main thread: it can write lists that the main thread cannot read.
 */
const DEEP = 6_000;

describe('a message that cannot be read here', () => {
  let balancer: Balancer;
  beforeAll(() => {
    balancer = new Balancer({ workers: 1 });
  });
  afterAll(() => balancer.close());

  it('is not left out of a stream: that ends with an error, after the values before', async () => {
    const flag = new Int32Array(new SharedArrayBuffer(4));
    const values: unknown[] = [];
    const take = async () => {
      const stream = balancer.stream(
        function* (depth: number, flag: Int32Array) {
          try {
            for (let i = 0; ; i++) {
              let list: unknown[] = [i];
              for (let n = 0; i === 3 && n < depth; n++) list = [list];
              yield list;
            }
          } finally {
            flag[0] = 1;
          }
        },
        [DEEP, flag],
      );
      for await (const value of stream) values.push(value);
    };
    await expect(take()).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE', path: 'the yielded value' });
    // None of those after it: a caller must not take a list with a gap for a whole one.
    expect(values).toEqual([[0], [1], [2]]);
    expect(flag[0]).toBe(1);
    expect(await balancer.submit(() => 'next')).toBe('next');
  });

  it('also where the unread value is the last, or all are', async () => {
    for (const count of [1, 40]) {
      const take = async () => {
        const stream = balancer.stream(
          function* (depth: number, count: number) {
            for (let i = 0; i < count; i++) {
              let list: unknown[] = [];
              for (let n = 0; n < depth; n++) list = [list];
              yield list;
            }
          },
          [DEEP, count],
        );
        for await (const _ of stream);
      };
      await expect(take()).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE', path: 'the yielded value' });
    }
  });

  it('fails the request whose progress it was, and no other', async () => {
    const seen: unknown[] = [];
    const task = async (entry: string, depth: number) => {
      const { context } = await import(entry);
      for (let i = 0; i < 3; i++) {
        let list: unknown[] = [i];
        for (let n = 0; i === 1 && n < depth; n++) list = [list];
        context.progress(list);
      }
      return 'done';
    };
    const onProgress = (value: unknown) => seen.push(value);
    const all = [0, DEEP, 0].map((depth) => balancer.submit(task, [taskEntry, depth], { onProgress }));
    const [before, lost, after] = await Promise.allSettled(all);
    expect(before).toMatchObject({ value: 'done' });
    expect(lost).toMatchObject({ reason: { code: 'ERR_NOT_CLONEABLE', path: 'the progress value' } });
    expect(after).toMatchObject({ value: 'done' });
    expect(seen).toEqual([[0], [1], [2], [0], [2], [0], [1], [2]]);
  });

  it('says that it was progress also where nobody listens', async () => {
    const task = async (entry: string, depth: number) => {
      const { context } = await import(entry);
      let list: unknown[] = [];
      for (let n = 0; n < depth; n++) list = [list];
      context.progress(list);
    };
    await expect(balancer.submit(task, [taskEntry, DEEP])).rejects.toMatchObject({
      path: 'the progress value',
    });
  });

  it('fails the request whose result it was, and no other', async () => {
    const nested = (depth: number) => {
      let list: unknown[] = [];
      for (let n = 0; n < depth; n++) list = [list];
      return depth === 0 ? new Map() : list;
    };
    const [before, lost, after] = await Promise.allSettled(
      [0, DEEP, 0].map((depth) => balancer.submit(nested, [depth])),
    );
    expect([before, after].map((each) => each?.status)).toEqual(['fulfilled', 'fulfilled']);
    expect(lost).toMatchObject({ reason: { code: 'ERR_NOT_CLONEABLE', path: 'the result' } });
  });

  it('does not come about by what an error carries: that is kept, and the deep part is text', async () => {
    const throwing = (depth: number) => {
      let list: unknown[] = [];
      for (let n = 0; n < depth; n++) list = [list];
      throw Object.assign(new RangeError('out'), { code: 'E_OUT', list });
    };
    const error = await balancer.submit(throwing, [DEEP]).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ code: 'E_OUT', message: 'out' });
    expect(Array.isArray((error as { list: unknown }).list)).toBe(true);
  });
});

describe('a message that a thread with a small stack cannot read', () => {
  it('fails the request whose arguments it was; the reason of an abort comes through', async () => {
    const balancer = new Balancer({ workers: 1, resourceLimits: { stackSizeMb: 0.5 } });
    const nested = (depth: number) => {
      let list: unknown[] = [];
      for (let n = 0; n < depth; n++) list = [list];
      return list;
    };
    await expect(balancer.submit((list: unknown) => typeof list, [nested(4_000)])).rejects.toMatchObject({
      code: 'ERR_NOT_CLONEABLE',
      path: 'arguments',
    });
    expect(await balancer.submit((list: unknown) => typeof list, [nested(3)])).toBe('object');
    const [inArguments, started] = [new AbortController(), new Int32Array(new SharedArrayBuffer(4))];
    const waits = (signal: AbortSignal, started: Int32Array) =>
      new Promise<string>((resolve) => {
        signal.addEventListener('abort', () => resolve(`${typeof signal.reason.list} ${signal.reason.code}`));
        Atomics.store(started, 0, 1);
      });
    const promise = balancer.submit(waits, [inArguments.signal, started]);
    await until(() => Atomics.load(started, 0) === 1);
    inArguments.abort(Object.assign(new Error('stop'), { code: 'E_STOP', list: nested(4_000) }));
    expect(await promise).toBe('object E_STOP');
    await balancer.close();
  });
});
