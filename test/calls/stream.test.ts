import { setImmediate as turn } from 'node:timers/promises';
import { Balancer } from 'leastwork';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collect } from '../support/collect.js';
import { taskEntry } from '../support/task-entry.js';
import { until } from '../support/until.js';

/** As users write it in a module of tasks. */

/** Words that a task and its test both see. */
const shared = (words = 4) => new Int32Array(new SharedArrayBuffer(4 * words));

/** Yields numbers without ever waiting, and counts them; word 1 is set when its `finally` has run. */
function* endless(counter: Int32Array) {
  try {
    for (let i = 0; ; i++) {
      Atomics.add(counter, 0, 1);
      yield i;
    }
  } finally {
    Atomics.store(counter, 1, 1);
  }
}

describe('streams', () => {
  let balancer: Balancer;
  beforeAll(() => {
    // A thread that is not run for a while is not ended for that.
    balancer = new Balancer({ workers: 1, grace: 60_000 });
  });
  afterAll(() => balancer.close());

  describe('give each value, in order', () => {
    const upTo = [...Array(100).keys()];

    it('of a generator', async () => {
      const numbers = balancer.stream(
        function* (n) {
          for (let i = 0; i < n; i++) yield i;
        },
        [100],
      );
      expect(await collect(numbers)).toEqual(upTo);
    });

    it('of an async generator, waiting in between', async () => {
      const numbers = balancer.stream(
        async function* (n) {
          for (let i = 0; i < n; i++) {
            if (i % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
            yield i;
          }
        },
        [100],
      );
      expect(await collect(numbers)).toEqual(upTo);
    });

    it('of any iterable that a task gives, or a promise of one', async () => {
      expect(await collect(balancer.stream(() => [1, 2]))).toEqual([1, 2]);
      expect(await collect(balancer.stream(async () => new Set(['a'])))).toEqual(['a']);
      expect(await collect(balancer.stream(() => new Map([[1, 2]]).entries()))).toEqual([[1, 2]]);
    });

    it('of none', async () => {
      expect(await collect(balancer.stream(function* () {}))).toEqual([]);
    });

    it('also of those that came while the main thread was busy', async () => {
      const counter = shared();
      const values = balancer.stream(
        function* (counter) {
          yield* [1, 2, 3];
          Atomics.store(counter, 0, 1);
          Atomics.notify(counter, 0);
        },
        [counter],
      );
      const first = values.next();
      await balancer.ready();
      Atomics.wait(counter, 0, 0);
      // A burst this long is dispatched, and results are taken, in the midst of it.
      const burst = upTo.map((i) => balancer.submit((n) => n, [i]));
      expect([(await first).value, ...(await collect(values))]).toEqual([1, 2, 3]);
      expect(await Promise.all(burst)).toEqual(upTo);
    });
  });

  it('two at once share one worker, one after the other', async () => {
    const both = [1, 2].map((start) =>
      collect(
        balancer.stream(
          function* (start) {
            for (let i = 0; i < 50; i++) yield start + i;
          },
          [start],
        ),
      ),
    );
    const [one, two] = await Promise.all(both);
    expect(one).toEqual([...Array(50).keys()].map((i) => i + 1));
    expect(two).toEqual([...Array(50).keys()].map((i) => i + 2));
  });

  describe('values', () => {
    it('Buffers stay Buffers, of their own bytes only', async () => {
      const [buffer, bytes] = await collect(
        balancer.stream(function* () {
          yield Buffer.alloc(1_000_000, 'x').subarray(5, 8) as Uint8Array;
          yield new Uint8Array([1]);
        }),
      );
      expect(Buffer.isBuffer(buffer)).toBe(true);
      expect(String(buffer)).toBe('xxx');
      expect(buffer?.buffer.byteLength).toBeLessThan(1_000);
      expect(Buffer.isBuffer(bytes)).toBe(false);
    });

    it('what is marked by transfer() moves', async () => {
      const [moved, length] = await collect(
        balancer.stream(
          async function* (url) {
            const { transfer } = await import(url);
            const bytes = new Uint8Array([7, 8]);
            yield transfer(bytes, [bytes.buffer]) as Uint8Array | number;
            yield bytes.length;
          },
          [taskEntry],
        ),
      );
      expect(moved).toEqual(new Uint8Array([7, 8]));
      expect(length).toBe(0);
    });

    it('one that cannot be cloned ends the stream, and that alone; the generator is closed', async () => {
      const counter = shared();
      const values = balancer.stream(
        function* (counter) {
          try {
            yield 1 as unknown;
            yield { deep: [() => 1] };
            Atomics.store(counter, 1, 1);
          } finally {
            Atomics.store(counter, 0, 1);
          }
        },
        [counter],
      );
      const next = balancer.submit(() => 'next');
      expect((await values.next()).value).toBe(1);
      await expect(values.next()).rejects.toMatchObject({
        code: 'ERR_NOT_CLONEABLE',
        path: 'the yielded value.deep[0]',
      });
      expect(await values.next()).toEqual({ done: true, value: undefined });
      expect(await next).toBe('next');
      expect([...counter]).toEqual([1, 0, 0, 0]);
    });

    it("the generator's return value is nobody's, whatever it is", async () => {
      const values = balancer.stream(function* () {
        yield 1;
        return () => 'cannot be cloned';
      });
      expect(await collect(values)).toEqual([1]);
    });
  });

  it('an error comes after the values before it, as what it was', async () => {
    const values = balancer.stream(function* () {
      yield 1;
      yield 2;
      throw new RangeError('third');
    });
    expect([(await values.next()).value, (await values.next()).value]).toEqual([1, 2]);
    const reason = await values.next().catch((error: unknown) => error);
    expect(reason).toBeInstanceOf(RangeError);
    expect(reason).toMatchObject({ message: 'third' });
    expect(await values.next()).toEqual({ done: true, value: undefined });
  });

  describe('backpressure', () => {
    it('the generator is never more than 16 values ahead', async () => {
      const counter = shared();
      const values = balancer.stream(endless, [counter]);
      let taken = 0;
      let most = 0;
      for await (const value of values) {
        expect(value).toBe(taken++);
        // As long as the generator runs on while nothing is taken.
        let before: number;
        do {
          before = Atomics.load(counter, 0);
          await turn();
          await turn();
        } while (Atomics.load(counter, 0) !== before);
        most = Math.max(most, before - taken);
        if (taken === 50) break;
      }
      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThanOrEqual(16);
    });

    it('one that never waits hears of credit, and turns its event loop', async () => {
      const values = balancer.stream(function* () {
        let turns = 0;
        setImmediate(() => turns++);
        for (let i = 0; i < 100; i++) yield turns;
      });
      const turns = await collect(values);
      expect(turns).toHaveLength(100);
      expect(turns.at(-1)).toBe(1);
    });
  });

  describe('leaving early', () => {
    it('runs `finally` before the loop is left, and frees the worker', async () => {
      const counter = shared();
      for await (const value of balancer.stream(endless, [counter])) if (value === 20) break;
      expect(counter[1]).toBe(1);
      expect(await balancer.submit(() => 'free')).toBe('free');
    });

    it('is waited for where `finally` waits', async () => {
      const counter = shared();
      const values = balancer.stream(
        async function* (counter) {
          try {
            for (;;) yield 1;
          } finally {
            await new Promise((resolve) => setTimeout(resolve, 20));
            Atomics.store(counter, 0, 1);
          }
        },
        [counter],
      );
      await values.next();
      expect(await values.return(undefined)).toEqual({ done: true, value: undefined });
      expect(counter[0]).toBe(1);
    });

    it('is heard between two values, also by one that takes long for each and never waits', async () => {
      const counter = shared();
      const values = balancer.stream(
        function* (counter) {
          for (;;) {
            Atomics.add(counter, 0, 1);
            // Each value but the first is computed only when the test lets it, and a while after that.
            Atomics.wait(counter, 2, Atomics.load(counter, 0) > 1 ? 0 : 1);
            for (const end = performance.now() + 20; performance.now() < end; );
            yield 1;
          }
        },
        [counter],
      );
      await values.next();
      await until(() => Atomics.load(counter, 0) === 2);
      const left = values.return(undefined);
      Atomics.store(counter, 2, 1);
      Atomics.notify(counter, 2);
      await left;
      expect(counter[0]).toBe(2);
    });

    it('before the first `next` nothing runs at all', async () => {
      const counter = shared();
      const values = balancer.stream(endless, [counter]);
      expect(await values.return(undefined)).toEqual({ done: true, value: undefined });
      expect(await values.next()).toEqual({ done: true, value: undefined });
      await balancer.submit(() => 1);
      expect(counter[0]).toBe(0);
    });

    it('while it waits for its turn: it never starts', async () => {
      const gate = shared();
      const counter = shared();
      const blocked = balancer.submit((gate) => Atomics.wait(gate, 0, 0), [gate]);
      const values = balancer.stream(endless, [counter]);
      const first = values.next();
      await balancer.ready();
      await values.return(undefined);
      expect(await first).toEqual({ done: true, value: undefined });
      Atomics.store(gate, 0, 1);
      Atomics.notify(gate, 0);
      await blocked;
      await balancer.submit(() => 1);
      expect(counter[0]).toBe(0);
    });

    it('by an error in the body of the loop', async () => {
      const counter = shared();
      const loop = async () => {
        for await (const value of balancer.stream(endless, [counter])) throw new Error(`at ${value}`);
      };
      await expect(loop()).rejects.toThrow('at 0');
      expect(counter[1]).toBe(1);
    });
  });

  describe('ended from outside', () => {
    const threads = () => balancer.stats().workers.map(({ id }) => id);

    it('by a signal: the loop throws its reason, `finally` runs, and the thread lives on', async () => {
      const before = threads();
      const counter = shared();
      const controller = new AbortController();
      const loop = async () => {
        const { signal } = controller;
        for await (const value of balancer.stream(endless, [counter], { signal })) {
          if (value === 5) controller.abort('enough');
        }
      };
      await expect(loop()).rejects.toBe('enough');
      await balancer.submit(() => 1);
      expect(counter[1]).toBe(1);
      expect(threads()).toEqual(before);
    });

    it('by a signal that was aborted before', async () => {
      const values = balancer.stream(endless, [shared()], { signal: AbortSignal.abort('before') });
      await expect(values.next()).rejects.toBe('before');
    });

    it('by its timeout', async () => {
      const before = threads();
      const counter = shared();
      const loop = async () => {
        for await (const _ of balancer.stream(endless, [counter], { timeout: 30 }));
      };
      await expect(loop()).rejects.toMatchObject({ code: 'ERR_TASK_TIMEOUT', phase: 'run' });
      await balancer.submit(() => 1);
      expect(counter[1]).toBe(1);
      expect(threads()).toEqual(before);
    });

    it('by the end of its worker: after the values that were sent', async () => {
      const values = balancer.stream(function* () {
        yield 1;
        yield 2;
        process.exit(3);
      });
      expect([(await values.next()).value, (await values.next()).value]).toEqual([1, 2]);
      await expect(values.next()).rejects.toMatchObject({ code: 'ERR_WORKER_CRASHED', exitCode: 3 });
      expect(await balancer.submit(() => 'goes on')).toBe('goes on');
    });
  });

  describe('what is no stream', () => {
    it.each([5, null, undefined, {}, 'letters'])('a task that gives %s', async (value) => {
      const values = balancer.stream((given) => given as never, [value]);
      await expect(values.next()).rejects.toMatchObject({
        code: 'ERR_INVALID_OPTION',
        message: expect.stringMatching(/generator.*submit/),
      });
    });

    it('a function that captures: said by the first `next`', async () => {
      const outside = [1];
      const values = balancer.stream(function* () {
        yield* outside;
      });
      await expect(values.next()).rejects.toMatchObject({ code: 'ERR_CAPTURED_VARIABLE' });
    });

    it('a generator given to submit, to a session or to map', async () => {
      function* numbers() {
        yield 1;
      }
      const refused = {
        code: 'ERR_NOT_A_FUNCTION',
        message: expect.stringMatching(/'numbers' is a generator.*balancer\.stream/),
      };
      await expect(balancer.submit(numbers)).rejects.toMatchObject(refused);
      using session = balancer.session();
      await expect(session.submit(numbers)).rejects.toMatchObject(refused);
      expect(() => balancer.map([1], numbers)).toThrow(expect.objectContaining(refused));
    });
  });
});
