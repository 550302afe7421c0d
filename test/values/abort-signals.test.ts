import { setImmediate as turn } from 'node:timers/promises';
import { Balancer } from 'leastwork';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { taskEntry } from '../support/task-entry.js';

/** As users write it in a module of tasks. */

/** Resolves with what the signal is aborted for. */
const untilAborted = (signal: AbortSignal) =>
  new Promise<unknown>((resolve) => {
    if (signal.aborted) resolve(signal.reason);
    else signal.addEventListener('abort', () => resolve(signal.reason));
  });

/** Blocks its thread until word 0 is set; word 1 says that it has begun. */
const block = (gate: Int32Array) => {
  Atomics.store(gate, 1, 1);
  Atomics.wait(gate, 0, 0);
};

const open = (gate: Int32Array) => {
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
};

describe('an AbortSignal among the arguments', () => {
  let balancer: Balancer;
  beforeAll(() => {
    // Requests are sent ahead, however long they take.
    balancer = new Balancer({ workers: 1, window: 64 });
  });
  afterAll(() => balancer.close());

  const gate = () => new Int32Array(new SharedArrayBuffer(8));
  const begun = async (words: Int32Array) => {
    while (Atomics.load(words, 1) === 0) await turn();
  };

  it('is one in the task, too, and hears of the abort', async () => {
    const controller = new AbortController();
    const words = gate();
    const task = balancer.submit(
      async (signal, words) => {
        const before = [signal instanceof AbortSignal, signal.aborted];
        const reason = await new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve(signal.reason));
          Atomics.store(words, 1, 1);
        });
        return [...before, signal.aborted, reason];
      },
      [controller.signal, words],
    );
    await begun(words);
    controller.abort({ why: 'enough' });
    expect(await task).toEqual([true, false, true, { why: 'enough' }]);
  });

  it('deep inside, beside others, each with its own reason', async () => {
    const one = new AbortController();
    const two = new AbortController();
    const options = {
      list: [{ signal: one.signal }],
      signal: two.signal,
      other: 'kept',
      bytes: Buffer.from('x'),
    };
    const task = balancer.submit(
      async (given, again) => {
        const until = (signal: AbortSignal) =>
          new Promise((resolve) => {
            if (signal.aborted) resolve(signal.reason);
            else signal.addEventListener('abort', () => resolve(signal.reason));
          });
        const reasons = [until(given.list[0]!.signal), until(given.signal), until(again)];
        return [given.other, await Promise.all(reasons)];
      },
      [options, one.signal],
    );
    one.abort('one');
    two.abort('two');
    expect(await task).toEqual(['kept', ['one', 'two', 'one']]);
    // The caller's own object is as it was.
    expect(options.list[0]!.signal).toBe(one.signal);
    expect(options.signal).toBe(two.signal);
  });

  it('that is in two places is one, and what has one stays one object', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const options = { signal, self: {} };
    options.self = options;
    controller.abort('over');
    const seen = await balancer.submit(
      (signal, again, first, second) => [
        signal === again,
        signal === first.signal,
        first === second,
        first.self === first,
        signal.reason,
      ],
      [signal, signal, options, options],
    );
    expect(seen).toEqual([true, true, true, true, 'over']);
    expect(options.signal).toBe(signal);
  });

  it('deeper than usual, and beside very many objects', async () => {
    const { signal } = new AbortController();
    let deep: object = { signal };
    for (let i = 0; i < 20; i++) deep = { deep };
    const many = Array.from({ length: 5_000 }, () => ({}));
    const isOne = (given: object, _many: unknown, { signal }: { signal: AbortSignal }) => {
      let at = given as { deep?: object; signal?: AbortSignal };
      while (at.deep !== undefined) at = at.deep;
      return at.signal === signal && signal instanceof AbortSignal;
    };
    expect(await balancer.submit(isOne, [deep, many, { signal }])).toBe(true);
    expect(await balancer.submit((_many, given) => given instanceof AbortSignal, [many, signal])).toBe(true);
  });

  it('in the context is one, too, and the same as among the arguments', async () => {
    const { signal } = new AbortController();
    const isSame = async (entry: string, given: AbortSignal) => {
      const { context } = await import(entry);
      return context.value === given || context.value.deep[0] === given;
    };
    for (const context of [signal, { deep: [signal] }]) {
      expect(await balancer.submit(isSame, [taskEntry, signal], { context })).toBe(true);
    }
  });

  describe('is refused where it would arrive as an empty object', () => {
    const { signal } = new AbortController();
    class Options {
      readonly signal = signal;
    }
    const shared = { signal };

    it.each<[string, unknown[]]>([
      ["arguments[0].get('k')", [new Map([['k', signal]])]],
      ['arguments[1].values()[…]', [signal, new Set([signal])]],
      ['arguments[0].a.signal', [{ a: new Options() }]],
      ["arguments[1].get('k').signal", [shared, new Map([['k', shared]])]],
    ])('%s', async (path, args) => {
      const sent = balancer.submit((..._args: unknown[]) => 'never runs', args);
      await expect(sent).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE', path });
    });

    it('in a Map of the context', async () => {
      const sent = balancer.submit(() => 'never runs', [], { context: new Map([[1, signal]]) });
      const path = 'submit options.context.get(1)';
      await expect(sent).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE', path });
    });

    it('in a result, a yielded value, and what is told on the way', async () => {
      const made = balancer.submit(() => ({ made: new AbortController().signal }));
      await expect(made).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE', path: 'the result.made' });
      const stream = balancer.stream(function* () {
        yield [new AbortController().signal];
      });
      const next = stream[Symbol.asyncIterator]().next();
      await expect(next).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE', path: 'the yielded value[0]' });
      const told = balancer.submit(
        async (entry) => (await import(entry)).context.progress(new AbortController().signal),
        [taskEntry],
      );
      await expect(told).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE', path: 'the progress value' });
    });
  });

  it('that was aborted before, or is while the request waits', async () => {
    const words = gate();
    const blocked = balancer.submit(block, [words]);
    await begun(words);
    const controller = new AbortController();
    const early = balancer.submit(untilAborted, [AbortSignal.abort('early')]);
    const waiting = balancer.submit(untilAborted, [controller.signal]);
    await balancer.ready();
    controller.abort('waiting');
    open(words);
    await blocked;
    expect(await Promise.all([early, waiting])).toEqual(['early', 'waiting']);
  });

  it('that is aborted while the thread turns its event loop, and has not yet read the arguments', async () => {
    const words = gate();
    const turning = balancer.submit(
      async (gate) => {
        while (Atomics.load(gate, 0) === 0) {
          await new Promise((resolve) => setImmediate(resolve));
          Atomics.add(gate, 1, 1);
          Atomics.notify(gate, 1);
        }
      },
      [words],
    );
    const controllers = [0, 1, 2, 3].map(() => new AbortController());
    const stopped = new AbortController();
    const dropped = balancer.submit(untilAborted, [controllers[0]!.signal], { signal: stopped.signal });
    const waiting = balancer.submit(
      (signals: AbortSignal[]) => signals.map(({ aborted, reason }) => [aborted, reason]),
      [controllers.slice(1, 3).map(({ signal }) => signal)],
    );
    const last = balancer.submit(untilAborted, [controllers[3]!.signal]);
    await begun(words);
    controllers[0]!.abort('nobody listens');
    stopped.abort('stopped');
    controllers[2]!.abort('early');
    controllers[3]!.abort('for the last one');
    await expect(dropped).rejects.toBe('stopped');
    const before = Atomics.load(words, 1);
    while (Atomics.load(words, 1) < before + 20) await new Promise((resolve) => setImmediate(resolve));
    open(words);
    await turning;
    expect(await waiting).toEqual([
      [false, undefined],
      [true, 'early'],
    ]);
    expect(await last).toBe('for the last one');
  });

  it('of a timeout', async () => {
    const name = await balancer.submit(
      async (signal) => {
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
        return signal.reason.name;
      },
      [AbortSignal.timeout(20)],
    );
    expect(name).toBe('TimeoutError');
  });

  it('goes along when the request moves to another worker', async () => {
    await using two = new Balancer({ workers: 2, window: 8 });
    const gates = [gate(), gate()];
    const blocked = gates.map((words) => two.submit(block, [words]));
    await Promise.all(gates.map(begun));
    const controllers = [...Array(6)].map(() => new AbortController());
    const tasks = controllers.map(({ signal }) => two.submit(untilAborted, [signal]));
    await two.ready();
    // All that waits behind the second runs on the first.
    open(gates[0] as Int32Array);
    await blocked[0];
    for (const [i, controller] of controllers.entries()) controller.abort(i);
    expect(await Promise.all(tasks)).toEqual([0, 1, 2, 3, 4, 5]);
    open(gates[1] as Int32Array);
    await Promise.all(blocked);
  });

  it('comes back with transferred arguments from a thread that dies, and goes along to the next', async () => {
    // Of a session also what is transferred is sent ahead, once a thread is up.
    using session = balancer.session();
    await balancer.submit(() => 1);
    const words = gate();
    const dies = session.submit(
      (gate) => {
        Atomics.store(gate, 1, 1);
        Atomics.wait(gate, 0, 0);
        process.exit(1);
      },
      [words],
    );
    const controller = new AbortController();
    const bytes = new Uint8Array([7]);
    const task = session.submit(
      async ({ signal }, bytes) => {
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
        return [signal.reason, bytes[0]];
      },
      [{ signal: controller.signal }, bytes],
      { transfer: [bytes.buffer] },
    );
    await balancer.ready();
    expect(bytes.length).toBe(0);
    await begun(words);
    open(words);
    await expect(dies).rejects.toMatchObject({ code: 'ERR_WORKER_CRASHED' });
    controller.abort('later');
    expect(await task).toEqual(['later', 7]);
  });

  it('is listened to only as long as the request lasts', async () => {
    const { signal } = new AbortController();
    const warned = vi.spyOn(process, 'emitWarning');
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners--;
      removeEventListener.apply(signal, args);
    };
    // A thread is up.
    await balancer.submit(() => 1);
    const words = gate();
    const blocked = balancer.submit(block, [words]);
    const tasks = [...Array(20)].map(() => balancer.submit((signal) => signal.aborted, [signal]));
    const stopped = new AbortController();
    const withdrawn = balancer.submit((signal) => signal.aborted, [signal], { signal: stopped.signal });
    await balancer.ready();
    expect(listeners).toBe(1);
    await begun(words);
    stopped.abort();
    await expect(withdrawn).rejects.toMatchObject({ name: 'AbortError' });
    open(words);
    await blocked;
    expect(await Promise.all(tasks)).toEqual(Array(20).fill(false));
    expect(listeners).toBe(0);
    const crashed = balancer.submit((_signal) => process.exit(1), [signal]);
    await expect(crashed).rejects.toMatchObject({ code: 'ERR_WORKER_CRASHED' });
    expect(listeners).toBe(0);
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  });
});
