import { setImmediate as turn } from 'node:timers/promises';
import { Balancer } from 'leastwork';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collect } from '../support/collect.js';
import { Gate, wait } from '../support/gate.js';
import { until } from '../support/until.js';

const double = (n: number) => n * 2;

/** A source that says how often it was asked and how often it was closed. */
class Source implements AsyncIterable<number>, AsyncIterator<number> {
  asked = 0;
  returned = 0;
  readonly #length: number;
  constructor(length: number) {
    this.#length = length;
  }
  [Symbol.asyncIterator]() {
    return this;
  }
  async next(): Promise<IteratorResult<number>> {
    await turn();
    return this.asked < this.#length
      ? { done: false, value: this.asked++ }
      : { done: true, value: undefined };
  }
  async return(): Promise<IteratorResult<number>> {
    this.returned++;
    return { done: true, value: undefined };
  }
}

describe('map', () => {
  let balancer: Balancer;
  // One for each test: what a failed one has left blocked holds up no other.
  beforeEach(() => {
    balancer = new Balancer({ workers: 2 });
  });
  afterEach(() => balancer.close({ timeout: 1_000 }));

  it('reads an array with its holes, and one with an iterator of its own through that', async () => {
    const sparse = [1, undefined, 3];
    delete sparse[1];
    expect(await collect(balancer.map(sparse, (n) => typeof n))).toEqual(['number', 'undefined', 'number']);
    const own = Object.assign([1, 2], { [Symbol.iterator]: () => [7, 8].values() });
    expect(await collect(balancer.map(own, (n) => n))).toEqual([7, 8]);
  });

  const numbers = [...Array(500).keys()];

  it('results in the order of the source', async () => {
    // Later items are faster, so that completions come in another order.
    const task = (n: number) => {
      const until = performance.now() + (n % 10 === 0 ? 1 : 0);
      while (performance.now() < until);
      return n * 2;
    };
    expect(await collect(balancer.map(numbers, task))).toEqual(numbers.map(double));
  });

  it('unordered: as they come, none lost, none twice', async () => {
    const gate = new Gate();
    const results = balancer.map(
      [gate.shared, 1, 2],
      (item) => {
        if (typeof item === 'number') return item;
        const words = new Int32Array(item);
        Atomics.wait(words, 1, 0);
        return 'blocked';
      },
      { ordered: false },
    );
    const first = [(await results.next()).value, (await results.next()).value];
    // In no order of their own: the one that was sent behind the blocked one is taken back first.
    expect(first.sort()).toEqual([1, 2]);
    gate.open();
    expect(await collect(results)).toEqual(['blocked']);
    const all = await collect(balancer.map(numbers, double, { ordered: false }));
    expect(all.sort((a, b) => a - b)).toEqual(numbers.map(double));
  });

  it('sources: generators, async generators, sets, strings, empty ones', async () => {
    const generator = function* () {
      yield* [1, 2, 3];
    };
    const asyncGenerator = async function* () {
      for (const n of [1, 2, 3]) {
        await turn();
        yield n;
      }
    };
    expect(await collect(balancer.map(generator(), double))).toEqual([2, 4, 6]);
    expect(await collect(balancer.map(asyncGenerator(), double))).toEqual([2, 4, 6]);
    expect(await collect(balancer.map(new Set([4, 5]), double))).toEqual([8, 10]);
    expect(await collect(balancer.map('ab', (c) => `${c}!`))).toEqual(['a!', 'b!']);
    expect(await collect(balancer.map([], double))).toEqual([]);
    expect(await collect(balancer.map(new Source(0), double))).toEqual([]);
  });

  it('a source that has ended by itself is not closed', async () => {
    const source = new Source(5);
    expect(await collect(balancer.map(source, double))).toEqual([0, 2, 4, 6, 8]);
    expect(source.returned).toBe(0);
  });

  it('nothing is taken from the source before the first `next`', async () => {
    const source = new Source(5);
    const results = balancer.map(source, double);
    await turn();
    await turn();
    expect(source.asked).toBe(0);
    await results.return?.();
    expect(await results.next()).toEqual({ done: true, value: undefined });
    expect(source.asked).toBe(0);
  });

  it('a slow consumer: the source is not pulled further than the windows and a reserve', async () => {
    const source = new Source(1e9);
    const results = balancer.map(source, double);
    await results.next();
    // Until the source is not asked any more though all that was taken is completed; what is out then is the
    // bound.
    let before = 0;
    for (let still = 0; still < 500; ) {
      before = source.asked;
      await turn();
      const { queued, pending } = balancer.stats();
      still = source.asked === before && queued + pending === 0 ? still + 1 : 0;
    }
    const bound = source.asked;
    // Four chunks for each of two workers, of as many items as a chunk takes on a fast machine.
    expect(bound - 1).toBeLessThanOrEqual(4 * 2 * 2_048);
    for (let i = 0; i < 1_000; i++) await turn();
    expect(source.asked).toBe(bound);
    await results.return?.();
    expect(source.returned).toBe(1);
  });

  it('blocked tasks: a handful is taken, not hundreds', async () => {
    const fresh = new Balancer({ workers: 2 });
    const gate = new Gate();
    let asked = 0;
    const source = function* () {
      while (asked < 10_000) {
        asked++;
        yield gate.shared;
      }
    };
    const results = fresh.map(source(), wait);
    const first = results.next();
    await gate.reached(2);
    for (let i = 0; i < 100; i++) await turn();
    expect(asked).toBeLessThanOrEqual(20);
    gate.open();
    await first;
    await results.return?.();
    await fresh.close();
  });

  it('large items: bounded by their bytes, however fast the tasks are', async () => {
    const small = new Balancer({ workers: 1, windowBytes: 100_000 });
    const echo = (bytes: Uint8Array) => bytes;
    // From now on it is known as a task of microseconds, of which hundreds may be on the way.
    await collect(
      small.map(
        numbers.map(() => new Uint8Array(1)),
        echo,
      ),
    );
    let asked = 0;
    const source = function* () {
      for (; asked < 300; asked++) yield new Uint8Array(50_000);
    };
    const results = small.map(source(), echo);
    await results.next();
    for (let i = 0; i < 1_000; i++) await turn();
    // 1.5 windows of arguments or results, and one more that was taken below the bound.
    expect(asked).toBeLessThanOrEqual(6);
    expect((await collect(results)).length).toBe(299);
    await small.close();
  });

  it('a queue smaller than the reserve is no error, nor is one filled by others', async () => {
    const narrow = new Balancer({ workers: 1, maxQueue: 1, window: 1 });
    expect(await collect(narrow.map(numbers, double))).toEqual(numbers.map(double));
    const gate = new Gate();
    const others = [narrow.submit(wait, [gate.shared]), narrow.submit(() => 'queued')];
    await gate.reached(1);
    const results = collect(narrow.map([1, 2, 3], double));
    await turn();
    gate.open();
    expect(await results).toEqual([2, 4, 6]);
    await Promise.all(others);
    await narrow.close();
  });

  it('an error of a task comes after the results before it, and closes the source once', async () => {
    const source = new Source(1e9);
    const seen: number[] = [];
    const loop = (async () => {
      const results = balancer.map(source, (n) => {
        if (n === 7) throw new RangeError('seven');
        return n;
      });
      for await (const n of results) seen.push(n);
    })();
    await expect(loop).rejects.toThrow(new RangeError('seven'));
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(source.returned).toBe(1);
    expect(source.asked).toBeLessThan(10_000);
  });

  it('an error of the source comes after the results of what it gave; it is not closed', async () => {
    for (const make of [
      async function* () {
        yield* [1, 2];
        throw new Error('source');
      },
      function* () {
        yield* [1, 2];
        throw new Error('source');
      },
    ]) {
      const seen: number[] = [];
      const results = balancer.map(make(), double);
      const loop = (async () => {
        for await (const n of results) seen.push(n);
      })();
      await expect(loop).rejects.toThrow('source');
      expect(seen).toEqual([2, 4]);
      expect(await results.next()).toEqual({ done: true, value: undefined });
    }
  });

  it('unordered, too', async () => {
    const gate = new Gate();
    const source = function* () {
      yield* [gate.shared, 1, 2];
      throw new Error('source');
    };
    const task = (item: SharedArrayBuffer | number) => {
      if (typeof item === 'number') return item;
      Atomics.wait(new Int32Array(item), 1, 0);
      return 0;
    };
    const results = balancer.map(source(), task, { ordered: false });
    const seen = [(await results.next()).value, (await results.next()).value];
    const last = results.next();
    const failing = results.next();
    gate.open();
    seen.push((await last).value);
    await expect(failing).rejects.toThrow('source');
    expect(seen.toSorted()).toEqual([0, 1, 2]);
    expect(await results.next()).toEqual({ done: true, value: undefined });
  });

  it('a source that has failed is neither asked again nor closed', async () => {
    const source = new (class extends Source {
      override async next() {
        const step = await super.next();
        if (step.value === 2) throw new Error('at two');
        return step;
      }
    })(100);
    await expect(collect(balancer.map(source, double))).rejects.toThrow('at two');
    expect([source.asked, source.returned]).toEqual([3, 0]);
  });

  it('a source whose next gives no object fails, as in a loop', async () => {
    for (const step of [5, null, undefined, 'a', Promise.resolve(5)]) {
      const source = { [Symbol.iterator]: () => ({ next: () => step as never }) };
      const failing = collect(balancer.map(source, (item) => item));
      await expect(failing).rejects.toThrow(TypeError);
      await expect(failing).rejects.toThrow('is not an object');
    }
  });

  it('when a task has failed no more is taken, though earlier results are still to come', async () => {
    const gate = new Gate();
    const fresh = new Balancer({ workers: 2 });
    let asked = 0;
    const source = async function* () {
      yield gate.shared;
      for (;;) {
        await turn();
        yield asked++;
      }
    };
    const results = fresh.map(source(), (item) => {
      if (item === 1) throw new Error('one');
      if (typeof item === 'number') return item;
      Atomics.wait(new Int32Array(item), 1, 0);
      return -1;
    });
    const first = results.next();
    await until(() => fresh.stats().failed === 1);
    await turn();
    const before = asked;
    for (let i = 0; i < 100; i++) await turn();
    // One that it was asked for before.
    expect(asked).toBeLessThanOrEqual(before + 1);
    gate.open();
    expect((await first).value).toBe(-1);
    await expect(collect(results)).rejects.toThrow('one');
    await fresh.close();
  });

  it('a source that gives no iterator, or no step, is an error of the source', async () => {
    const broken = { [Symbol.asyncIterator]: () => ({ next: async () => undefined }) };
    await expect(collect(balancer.map(broken as never, double))).rejects.toThrow(TypeError);
    const throwing = {
      [Symbol.iterator]() {
        throw new Error('not open');
      },
    };
    await expect(collect(balancer.map(throwing as never, double))).rejects.toThrow('not open');
  });

  it('leaving the loop closes the source once, and takes back what has not started', async () => {
    // On a busy machine the automatic window may be as small as the handful that is done before the worker is
    // blocked.
    const fresh = new Balancer({ workers: 1, window: 16 });
    const gate = new Gate();
    const source = new Source(1e9);
    const results = fresh.map(source, () => {}, { ordered: false });
    await results.next();
    await results.next();
    const blocked = fresh.submit(wait, [gate.shared]);
    await gate.reached(1);
    await until(() => source.asked > 5);
    await results.return?.();
    expect(source.returned).toBe(1);
    expect(fresh.stats().queued).toBe(0);
    // Some may be completed and not seen yet; the blocked task stays, and what was behind it is gone.
    await until(() => fresh.stats().workers[0]!.pending === 1);
    gate.open();
    await blocked;
    expect(fresh.stats().workers.map(({ id }) => id)).toEqual([1]);
    await fresh.close();
    for await (const n of balancer.map(source, double)) if (n > 0) break;
    expect(source.returned).toBe(2);
  });

  it('a running task is left to end when the loop is left: its thread lives', async () => {
    const fresh = new Balancer({ workers: 1, grace: 0 });
    const gate = new Gate();
    const results = fresh.map([gate.shared], wait);
    const first = results.next();
    await gate.reached(1);
    await results.return?.();
    expect(await first).toEqual({ done: true, value: undefined });
    const next = fresh.submit(() => 'same thread');
    gate.open();
    expect(await next).toBe('same thread');
    expect(fresh.stats().workers.map(({ id }) => id)).toEqual([1]);
    await fresh.close();
  });

  it('`throw` closes the source and throws', async () => {
    const source = new Source(1e9);
    const results = balancer.map(source, double);
    await results.next();
    await expect(results.throw?.(new Error('mine'))).rejects.toThrow('mine');
    expect(source.returned).toBe(1);
    expect((await results.next()).done).toBe(true);
  });

  it('an error while the source is closed: hidden by the one that ended it, else thrown', async () => {
    const make = function* () {
      try {
        for (;;) yield 1;
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: a source that cannot be closed is what is tested
        throw new Error('closing');
      }
    };
    const failing = balancer.map(make(), () => {
      throw new Error('task');
    });
    await expect(failing.next()).rejects.toThrow('task');
    const left = balancer.map(make(), double);
    await left.next();
    await expect(left.return?.()).rejects.toThrow('closing');
  });

  it('an error is told although the source never gives its next item', async () => {
    const silent = async function* () {
      yield 1;
      await new Promise(() => {});
    };
    const results = balancer.map(silent(), () => {
      throw new Error('task');
    });
    await expect(results.next()).rejects.toThrow('task');
    const left = balancer.map(silent(), double);
    expect((await left.next()).value).toBe(2);
    await left.return?.();
  });

  it('an abort ends it with the reason, whether or not somebody waits', async () => {
    for (const isWaiting of [true, false]) {
      const control = new AbortController();
      const source = new Source(1e9);
      const results = balancer.map(source, double, { signal: control.signal });
      await results.next();
      const waiting: Promise<unknown>[] = [];
      if (isWaiting) for (let i = 0; i < 5_000; i++) waiting.push(results.next());
      const settled = Promise.allSettled(waiting);
      control.abort(new Error('enough'));
      const reasons = (await settled).filter(({ status }) => status === 'rejected');
      expect(reasons.length).toBe(isWaiting ? 1 : 0);
      if (!isWaiting) await expect(results.next()).rejects.toThrow('enough');
      expect(await results.next()).toEqual({ done: true, value: undefined });
      expect(source.returned).toBe(1);
    }
    const aborted = balancer.map(new Source(5), double, { signal: AbortSignal.abort('before') });
    await expect(aborted.next()).rejects.toBe('before');
  });

  it('an abort stops the running tasks as that of a submit does', async () => {
    const gates = [new Gate(), new Gate()];
    const control = new AbortController();
    const ended: number[] = [];
    const own = new Balancer({ workers: 2, window: 1, grace: 0 });
    own.on('workerEnd', ({ id }) => ended.push(id));
    const results = own.map(
      gates.map(({ shared }) => shared),
      wait,
      { signal: control.signal },
    );
    const first = results.next();
    for (const gate of gates) await gate.reached(1);
    control.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    // The gates stay shut: only threads that were ended let this through.
    expect(await own.submit(double, [2])).toBe(4);
    await own.close();
    expect(ended).toEqual(expect.arrayContaining([1, 2]));
  });

  it('a signal that is used for many iterations keeps no listeners', async () => {
    const { signal } = new AbortController();
    const counts = { added: 0, removed: 0 };
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: never[]) => {
      counts.added++;
      Reflect.apply(addEventListener, signal, args);
    };
    signal.removeEventListener = (...args: never[]) => {
      counts.removed++;
      Reflect.apply(removeEventListener, signal, args);
    };
    balancer.map(numbers, double, { signal });
    expect(counts.added).toBe(0);
    for (let i = 0; i < 20; i++) await collect(balancer.map([1, 2, 3], double, { signal }));
    const results = balancer.map(numbers, double, { signal });
    await results.next();
    await results.return?.();
    await until(() => balancer.stats().pending === 0);
    expect(counts.removed).toBe(counts.added);
    expect(counts.added).toBeGreaterThan(0);
  });

  it('a signal is listened to a few times at once, not once for each item', async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    let most = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: never[]) => {
      most = Math.max(most, ++listeners);
      Reflect.apply(addEventListener, signal, args);
    };
    signal.removeEventListener = (...args: never[]) => {
      listeners--;
      Reflect.apply(removeEventListener, signal, args);
    };
    expect((await collect(balancer.map(numbers, double, { signal }))).length).toBe(500);
    expect(most).toBeLessThanOrEqual(2);
  });

  it('concurrent calls of `next` get the results in order, and each its own', async () => {
    const results = balancer.map(numbers, double);
    const steps = await Promise.all(Array.from({ length: 503 }, () => results.next()));
    expect(steps.slice(0, 500).map(({ value }) => value)).toEqual(numbers.map(double));
    expect(steps.slice(500)).toEqual(Array(3).fill({ done: true, value: undefined }));
  });

  it('a source that calls `next` or `return` of its own iteration does no harm', async () => {
    const inner: Promise<unknown>[] = [];
    const source = function* () {
      yield 1;
      inner.push(results.next());
      yield 2;
      inner.push(results.return!());
      yield 3;
    };
    const results: AsyncIterableIterator<number> = balancer.map(source(), double);
    const first = await results.next();
    expect([first, ...(await Promise.all(inner))]).toEqual(Array(3).fill({ done: true, value: undefined }));
  });

  it('options for each request reach it', async () => {
    const failing = balancer.map([1], () => new Promise(() => {}), { submit: { timeout: 20 } });
    await expect(failing.next()).rejects.toMatchObject({ code: 'ERR_TASK_TIMEOUT' });
  });

  it('wrong options and sources are refused at once', () => {
    const refused: [() => unknown, string][] = [
      [() => balancer.map(5 as never, double), 'map(source)'],
      [() => balancer.map(null as never, double), 'map(source)'],
      [() => balancer.map([], double, null as never), 'map options'],
      [() => balancer.map([], double, { ordered: 'yes' as never }), 'map options.ordered'],
      [() => balancer.map([], double, { signal: {} as never }), 'map options.signal'],
      [() => balancer.map([], double, { order: true } as never), 'map options.order'],
      [() => balancer.map([], double, { retries: 2 } as never), 'map options.retries'],
      [() => balancer.map([], double, { submit: { timeout: -1 } }), 'submit options.timeout'],
      [() => balancer.map([], double, { submit: { transfer: [] } as never }), 'map options.submit.transfer'],
    ];
    for (const [call, option] of refused) {
      expect(call).toThrow(expect.objectContaining({ code: 'ERR_INVALID_OPTION', option }));
    }
    expect(() => balancer.map([], 'double' as never)).toThrow(
      expect.objectContaining({ code: 'ERR_NOT_A_FUNCTION' }),
    );
  });

  it('a closed Balancer: an iteration that was begun ends with its error', async () => {
    const fresh = new Balancer({ workers: 1 });
    const source = new Source(1e9);
    const results = fresh.map(source, double);
    await results.next();
    await fresh.close();
    await expect(collect(results)).rejects.toMatchObject({ code: 'ERR_BALANCER_CLOSED' });
    expect(source.returned).toBe(1);
  });
});
