import { Balancer, Router, tasks } from 'leastwork';
import { Cluster, type ClusterOptions, serve } from 'leastwork/cluster';
import { beforeAll, describe, expect, test } from 'vitest';
import { onEachEngine, work, workUrl } from '../support/cluster.js';
import { collect } from '../support/collect.js';
import { range } from '../support/range.js';

onEachEngine((site) => {
  beforeAll(() => site.share(() => site.machine()));

  test('a result comes back, of nested exports, too', async () => {
    const cluster = site.cluster();
    expect(await cluster.submit(work.add, [1, 2])).toBe(3);
    expect(await cluster.submit(work.nested.inner.hello)).toBe('hello');
  });

  test('an error comes back with class, code, cause and own properties', async () => {
    const cluster = site.cluster();
    const error = await cluster.submit(work.fail, ['too much']).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'LimitError', message: 'too much', code: 'ERR_LIMIT', limit: 7 });
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(error.cause.message).toBe('the cause');
    expect(error.stack).toContain('work.mjs');
    await expect(cluster.submit(work.odd, [2])).rejects.toBeInstanceOf(RangeError);
  });

  test('values that are more than JSON arrive as they were', async () => {
    const cluster = site.cluster();
    const value = {
      bytes: new Uint8Array([0, 255]),
      date: new Date(5),
      map: new Map([[{ a: 1 }, new Set([1n])]]),
      list: [undefined, Number.NaN, -0, 'nul \u0000, half \ud800'],
      $: 'a dollar',
    };
    expect(await cluster.submit(work.same, [value])).toStrictEqual(value);
    expect(await cluster.submit(work.same, [undefined])).toBe(undefined);
    expect(await cluster.submit(work.contextValue, [], { context: { deep: [1] } })).toEqual({ deep: [1] });
  });

  test('a timeout ends the run on the machine', async () => {
    const cluster = site.cluster();
    await expect(cluster.submit(work.spin, [60_000], { timeout: 20 })).rejects.toMatchObject({
      code: 'ERR_TASK_TIMEOUT',
      message: expect.stringContaining("'work/spin'"),
      phase: 'run',
    });
    expect(await cluster.submit(work.add, [1, 1])).toBe(2);
  });

  test('an error says who waits for the request, and nothing of the machine', async () => {
    const cluster = site.cluster({ machineTimeout: 200, lockDuration: 100 });
    async function someFunction(submit: () => Promise<unknown>): Promise<void> {
      await submit();
    }
    const calls = [
      () => cluster.submit(work.fail, ['x']),
      () => cluster.submit(work.spin, [60_000], { timeout: 20 }),
      () => cluster.submit(work.missing),
      () => cluster.submit(work.same, [() => 1]),
    ];
    for (const call of calls) {
      const { stack } = await someFunction(call).catch((error) => error);
      expect(stack).toMatch(/\n {4}at (?:async )?someFunction .*calls\.test\.ts/);
      expect(stack).not.toMatch(/bullmq|[\\/]dist[\\/]node[\\/]/);
    }
  });

  test('a map gives the results in order, in chunks; a Cluster is a Submitter', async () => {
    await using router = new Router({ 'work/*': site.cluster(), '*': new Balancer({ workers: 1 }) });
    const results = await collect(router.map(range(0, 3_000), work.double));
    expect(results).toEqual(range(0, 3_000).map((n) => 2 * n));
    const cluster = router.route(work.double) as Cluster;
    // Far fewer jobs than items.
    expect(cluster.stats().submitted).toBeLessThan(300);
  });

  test('mapSettled: failures are outcomes of single items', async () => {
    const cluster = site.cluster();
    const outcomes = await collect(cluster.mapSettled(range(0, 20), work.odd, { batch: 5, ordered: false }));
    expect(outcomes.length).toBe(20);
    for (const outcome of outcomes) {
      expect(outcome.item).toBe(outcome.index);
      if (outcome.index % 2 === 1)
        expect(outcome).toMatchObject({ status: 'fulfilled', value: outcome.index });
      else expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'RangeError' } });
    }
  });

  test('map: the first error comes after the results before it, and says of which item it is', async () => {
    const cluster = site.cluster();
    const given: number[] = [];
    const results = cluster.map([1, 3, 4, 5], work.odd, { batch: 2 });
    const error = await (async () => {
      for await (const n of results) given.push(n);
    })().catch((thrown) => thrown);
    expect(given).toEqual([1, 3]);
    expect(error).toMatchObject({ message: '4 is even', index: 2, item: 4 });
    expect(results.failed).toEqual({ index: 2, item: 4 });
  });
});

onEachEngine(
  (site) => {
    test('a request of a higher priority is taken before those that wait', async () => {
      const machine = await site.machine({ share: 0.01 });
      const order: number[] = [];
      const cluster = site.cluster();
      const first = cluster.submit(work.spin, [50]);
      const rest = [0, -5, 3, 1, 2_000_000].map((priority) =>
        cluster.submit(work.same, [priority], { priority }).then((value) => void order.push(value)),
      );
      await Promise.all([first, ...rest]);
      expect(machine.stats().slots).toBe(1);
      // The first ones may have been taken before the others were there.
      expect(order.filter((n) => n !== 0)).toEqual([2_000_000, 3, 1, -5]);
    });

    test('a full queue refuses, and ready() tells when it has room', async () => {
      const cluster = site.cluster({ maxQueue: 2 });
      const both = [cluster.submit(work.same, [1]), cluster.submit(work.same, [2])];
      await expect(cluster.submit(work.same, [3])).rejects.toMatchObject({
        code: 'ERR_QUEUE_FULL',
        maxQueue: 2,
      });
      const room = cluster.ready();
      await site.machine();
      await room;
      expect(await cluster.submit(work.same, [3])).toBe(3);
      expect(await Promise.all(both)).toEqual([1, 2]);
    });

    test('a map with a small queue waits for room, and retries what has failed', async () => {
      await site.machine();
      const cluster = site.cluster({ maxQueue: 1 });
      const asked: number[] = [];
      const outcomes = await collect(
        cluster.mapSettled([1, 2, 3], work.odd, {
          batch: 1,
          retry: { attempts: 3, delay: 1, when: (_error, item) => asked.push(item as number) > 0 },
        }),
      );
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(asked).toEqual([2, 2]);
    });

    test('while an item waits to run again, others run', async () => {
      await site.machine();
      const cluster = site.cluster();
      let taken = 0;
      function* endless(): Generator<number> {
        yield 2;
        for (;;) yield 2 * taken++ + 1;
      }
      const retry = { attempts: 2, delay: 600_000, jitter: 0 };
      const outcomes = cluster.mapSettled(endless(), work.odd, { batch: 4, retry });
      const first = outcomes.next();
      while (taken < 3_000) await new Promise(setImmediate);
      await outcomes.return?.();
      expect(await first).toMatchObject({ done: true });
    });

    test('leaving a map early cancels what is under way, and closes the source', async () => {
      await site.machine();
      const cluster = site.cluster();
      let isClosed = false;
      function* endless(): Generator<number> {
        try {
          for (let n = 1; ; n++) yield n;
        } finally {
          isClosed = true;
        }
      }
      for await (const n of cluster.map(endless(), work.double)) if (n > 10) break;
      expect(isClosed).toBe(true);
      expect(cluster.stats().pending).toBe(0);
    });

    test('an abort ends a map with its reason', async () => {
      const cluster = site.cluster();
      const controller = new AbortController();
      const results = collect(cluster.map(range(0, 10), work.double, { signal: controller.signal }));
      controller.abort(new Error('enough'));
      await expect(results).rejects.toThrow('enough');
      expect(cluster.stats().pending).toBe(0);
    });

    test('arguments and results that are too long are refused by name', async () => {
      await site.machine({ maxPayload: 4_096 });
      const cluster = site.cluster({ maxPayload: 2_048 });
      await expect(cluster.submit(work.same, ['x'.repeat(3_000)])).rejects.toMatchObject({
        code: 'ERR_PAYLOAD_TOO_LARGE',
        taskName: 'work/same',
        maxPayload: 2_048,
      });
      await expect(cluster.submit(work.bytes, [5_000])).rejects.toMatchObject({
        code: 'ERR_PAYLOAD_TOO_LARGE',
        message: expect.stringContaining("the result of task 'work/bytes' takes"),
      });
      const [one, two] = await collect(cluster.mapSettled([5_000, 1], work.bytes, { batch: 2 }));
      expect(one).toMatchObject({ status: 'rejected', reason: { code: 'ERR_PAYLOAD_TOO_LARGE' } });
      expect(two).toMatchObject({ status: 'fulfilled', value: new Uint8Array([7]) });
      // More than one message of results.
      const many = await collect(cluster.map(new Array(20).fill(1_000), work.bytes, { batch: 20 }));
      expect(many).toEqual(new Array(20).fill(new Uint8Array(1_000).fill(7)));
    });

    test('an item that cannot be sent ends a map, and is the failure of itself alone in mapSettled', async () => {
      await site.machine();
      const cluster = site.cluster({ maxPayload: 1_024 });
      const long = 'x'.repeat(2_000);
      await expect(collect(cluster.map([long], work.same))).rejects.toMatchObject({
        code: 'ERR_PAYLOAD_TOO_LARGE',
        index: 0,
      });
      await expect(collect(cluster.map(['a', () => 1, 'b'], work.same))).rejects.toMatchObject({
        code: 'ERR_NOT_CLONEABLE',
        index: 1,
      });
      // It is told at once, though the source goes on.
      async function* endless(): AsyncGenerator<string> {
        yield long;
        await new Promise(() => {});
      }
      const { value } = await cluster.mapSettled(endless(), work.same)[Symbol.asyncIterator]().next();
      expect(value).toMatchObject({ status: 'rejected', reason: { code: 'ERR_PAYLOAD_TOO_LARGE' } });
      const outcomes = await collect(cluster.mapSettled(['a', long, () => 1, 'b'], work.same, { batch: 4 }));
      expect(outcomes.map(({ status }) => status)).toEqual([
        'fulfilled',
        'rejected',
        'rejected',
        'fulfilled',
      ]);
    });

    test('what nobody serves is told, with the names that are served', async () => {
      await site.machine();
      const cluster = site.cluster({ machineTimeout: 200, lockDuration: 100 });
      const error = await cluster.submit(work.missing).catch((thrown) => thrown);
      expect(error).toMatchObject({ code: 'ERR_NO_MACHINE', taskName: 'work/missing' });
      expect(error.served).toContain('work/add');
      expect(error.message).toContain('work/nested/inner/hello');
      const other = tasks(new URL('file:///nowhere/other.js'));
      const outcomes = collect(cluster.mapSettled([1], other.run as (n: number) => number));
      await expect(outcomes).rejects.toMatchObject({ code: 'ERR_NO_MACHINE', taskName: 'other/run' });
    });

    test('machineTimeout does not wait for the next beat, and sees who has come since the last one', async () => {
      const slow = { lockDuration: 60_000 };
      const cluster = site.cluster({ ...slow, machineTimeout: 300 });
      await expect(cluster.submit(work.double, [1])).rejects.toMatchObject({
        code: 'ERR_NO_MACHINE',
        message: expect.stringMatching(/there are no machines\. .*leastwork work.*serve\(/),
        served: [],
      });
      await site.machine(slow);
      expect(await cluster.submit(work.spin, [1_500])).toBe(1_500);
      await expect(cluster.submit(work.missing)).rejects.toMatchObject({ code: 'ERR_NO_MACHINE' });
    });

    test('close finishes what is under way; with a time limit it rejects the rest', async () => {
      const cluster = site.cluster();
      const done = cluster.submit(work.same, ['done']);
      const closed = cluster.close();
      await expect(cluster.submit(work.same, [1])).rejects.toMatchObject({ code: 'ERR_BALANCER_CLOSED' });
      await site.machine();
      expect(await done).toBe('done');
      await closed;
      const second = site.cluster();
      const never = second.submit(work.spin, [60_000]);
      const map = collect(second.mapSettled([1], work.spin as (n: number) => number));
      await Promise.all([
        expect(never).rejects.toMatchObject({ code: 'ERR_BALANCER_CLOSED' }),
        expect(map).rejects.toMatchObject({ code: 'ERR_BALANCER_CLOSED' }),
        second.close({ timeout: 50 }),
      ]);
    });

    test("close({ queued: 'reject' }) rejects what no machine has taken", async () => {
      const cluster = site.cluster();
      const waiting = cluster.submit(work.same, [1]);
      const rejected = expect(waiting).rejects.toMatchObject({ code: 'ERR_BALANCER_CLOSED' });
      await cluster.close({ queued: 'reject' });
      await rejected;
    });
  },
  ['redis'],
);

describe('what exists within one process alone is refused by name', () => {
  // Nothing is sent, so nothing listens there.
  const withCluster = async (test: (cluster: Cluster) => Promise<void>): Promise<void> => {
    const cluster = new Cluster({ redis: 'redis://127.0.0.1:1' });
    await test(cluster);
    await cluster.close();
  };

  test('inline functions, keys, transfer, progress, streams, sessions', () =>
    withCluster(async (cluster) => {
      const local = { code: 'ERR_LOCAL_ONLY' };
      await expect(cluster.submit((n: number) => n, [1])).rejects.toMatchObject({
        ...local,
        message: expect.stringContaining('export it from a module'),
      });
      await expect(cluster.submit(work.same, [1], { key: 'a' })).rejects.toMatchObject(local);
      await expect(cluster.submit(work.same, [1], { onProgress: () => {} })).rejects.toMatchObject(local);
      await expect(cluster.submit(work.same, [1], { transfer: [new ArrayBuffer(1)] })).rejects.toMatchObject(
        local,
      );
      expect(() => cluster.map([1], work.double, { submit: { key: 'a' } })).toThrow(
        expect.objectContaining(local),
      );
      expect(() => cluster.stream(() => [1])).toThrow(expect.objectContaining(local));
      expect(() => cluster.session()).toThrow(expect.objectContaining(local));
    }));

  test('what is no task, and what cannot be sent', () =>
    withCluster(async (cluster) => {
      await expect(cluster.submit('text' as never)).rejects.toMatchObject({ code: 'ERR_NOT_A_FUNCTION' });
      await expect(cluster.submit(tasks(workUrl) as never)).rejects.toMatchObject({
        code: 'ERR_NOT_A_FUNCTION',
      });
      await expect(cluster.submit(work.same, [{ deep: [() => 1] }])).rejects.toMatchObject({
        code: 'ERR_NOT_CLONEABLE',
        path: 'arguments[0].deep[0]',
      });
      await expect(cluster.submit(work.same, 1 as never)).rejects.toMatchObject({
        code: 'ERR_INVALID_OPTION',
      });
      await expect(cluster.submit(work.same, [1], { delay: -1 })).rejects.toMatchObject({
        option: 'submit options.delay',
      });
      const dealy = cluster.submit(work.same, [1], { dealy: 5 } as object);
      await expect(dealy).rejects.toThrow(
        "submit options.dealy: got an unknown option (did you mean 'delay'?), expected one of signal, timeout, queueTimeout, priority, retries, context, delay",
      );
    }));

  test('modules', async () => {
    const refused = async (modules: unknown, option: string): Promise<void> => {
      const served = serve(modules as URL[], { redis: 'redis://127.0.0.1:1' });
      await expect(served).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION', option });
    };
    await refused([], 'serve(modules)');
    await refused(workUrl, 'serve(modules)');
    await refused([workUrl, './work.mjs'], 'serve(modules)[1]');
    await refused([null], 'serve(modules)[0]');
  });

  test('options', () => {
    const refused = (options: object, option: string): void =>
      expect(() => new Cluster(options as ClusterOptions)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_OPTION', option }),
      );
    refused({}, 'Cluster options');
    refused({ redis: 'redis://a', postgres: 'postgres://a' }, 'Cluster options');
    refused({ redis: 'http://a' }, 'Cluster options.redis');
    refused({ redis: 'redis://a', name: 'a:b' }, 'Cluster options.name');
    refused({ redis: 'redis://a', maxqueue: 1 }, 'Cluster options.maxqueue');
    refused({ redis: 'redis://a', retries: -1 }, 'Cluster options.retries');
    refused({ redis: 'redis://a', maxPayload: 1 }, 'Cluster options.maxPayload');
  });
});
