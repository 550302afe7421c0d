import { Balancer, Router } from 'leastwork';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

function throwsInside(): never {
  throw new RangeError('inside');
}

/** The names of the functions in a stack, the innermost first. */
const frames = (error: unknown) =>
  [...((error as Error).stack ?? '').matchAll(/^ {4}at (?:async )?(?:new )?([\w.#<>]+) \(/gm)].map(
    ([, name]) => name,
  );

const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.unreachable('it did not reject'),
    (error: unknown) => error,
  );

describe('the stack of an error', () => {
  let balancer: Balancer;
  let tracing: Balancer;
  beforeAll(() => {
    balancer = new Balancer({ workers: 1 });
    tracing = new Balancer({ workers: 1, traceSubmit: true });
  });
  afterAll(() => Promise.all([balancer.close(), tracing.close()]));

  it('begins with the call that was given something wrong', async () => {
    const outside = 1;
    const wrong = {
      submit: () => balancer.submit(() => outside),
      map: () => balancer.map([1], () => outside),
      mapSettled: () => balancer.mapSettled([1], () => outside),
      broadcast: () => balancer.broadcast(() => outside),
      Balancer: () => new Balancer({ workers: -1 }),
      Router: () => new Router({ 'a/*': 5 as never }),
    };
    for (const [name, call] of Object.entries(wrong)) {
      const error = await caught((async () => call())());
      // The first one is the call itself.
      expect(frames(error)[1]?.split('.').at(-1)).toBe(name);
    }
  });

  it("has the worker's frames, and below them who awaits the submit", async () => {
    async function first() {
      return await balancer.submit(throwsInside);
    }
    async function second() {
      await first();
    }
    async function third() {
      await second();
    }
    const error = (await caught(third())) as RangeError;
    expect(error).toBeInstanceOf(RangeError);
    expect(error.stack).toMatch(
      /^RangeError: inside\n {4}at throwsInside \(file:.*inline:throwsInside:\d+:\d+\)\n/,
    );
    expect(frames(error)).toEqual(['throwsInside', 'first', 'second', 'third']);
  });

  it('also through an asynchronous task, `then`, `Promise.all` and map', async () => {
    const later = async () => {
      await null;
      throw new RangeError('inside');
    };
    async function awaits() {
      await balancer.submit(later);
    }
    async function thens() {
      await balancer.submit(throwsInside).then((value) => value);
    }
    async function all() {
      await Promise.all([balancer.submit(() => 1), awaits()]);
    }
    async function maps() {
      for await (const _ of balancer.map([1], throwsInside as (n: number) => never));
    }
    expect(frames(await caught(awaits()))).toEqual(['later', 'awaits']);
    expect(frames(await caught(thens()))).toEqual(['throwsInside', 'thens']);
    expect(frames(await caught(all()))).toEqual(['later', 'awaits', 'Promise.all', 'all']);
    expect(frames(await caught(maps()))[0]).toBe('throwsInside');
  });

  it('is the same whatever else the thread has to run in the turn in which the task goes on', async () => {
    const afterTick = async () => {
      process.nextTick(() => {});
      await null;
      throw new RangeError('inside');
    };
    const betweenTimers = async () => {
      await new Promise<void>((resolve) => {
        for (let i = 0; i < 3; i++) setTimeout(i === 1 ? resolve : () => {}, 1);
        for (const end = performance.now() + 5; performance.now() < end; );
      });
      throw new RangeError('inside');
    };
    async function awaits(task: () => Promise<never>) {
      await balancer.submit(task);
    }
    expect(frames(await caught(awaits(afterTick)))).toEqual(['afterTick', 'awaits']);
    expect(frames(await caught(awaits(betweenTimers)))).toEqual(['betweenTimers', 'awaits']);
  });

  it('traceSubmit: shows where submit was called, whether or not anybody awaits it', async () => {
    function calls() {
      return tracing.submit(throwsInside);
    }
    let promise: Promise<never> | undefined;
    function starts() {
      promise = calls();
      promise.catch(() => {});
    }
    starts();
    const error = await caught(promise as Promise<never>);
    expect(frames(error).slice(0, 1)).toEqual(['throwsInside']);
    expect(frames(error)).toEqual(expect.arrayContaining(['calls', 'starts']));
    const plain = await caught(balancer.submit(throwsInside));
    expect(frames(plain)).not.toContain('calls');
  });

  it('of a refused request shows where it was submitted, and each has its own', async () => {
    const closed = new Balancer({ workers: 1, maxQueue: 1, window: 1 });
    function tooMany() {
      return [0, 1, 2].map(() => closed.submit(() => 1));
    }
    const [, , third] = await Promise.allSettled(tooMany());
    expect(frames((third as PromiseRejectedResult).reason)).toContain('tooMany');
    await closed.close();
    function tooLate() {
      return closed.submit(() => 1);
    }
    function later() {
      return closed.submit(() => 1);
    }
    const errors = [await caught(tooLate()), await caught(later())];
    expect(errors).toMatchObject([{ code: 'ERR_BALANCER_CLOSED' }, { code: 'ERR_BALANCER_CLOSED' }]);
    expect(frames(errors[0])).toContain('tooLate');
    expect(frames(errors[1])).toContain('later');
  });

  it('is no longer when the same error comes twice', async () => {
    const keep = () => {
      const error = (Reflect.get(globalThis, 'kept') ?? new Error('kept')) as Error;
      Reflect.set(globalThis, 'kept', error);
      throw error;
    };
    async function awaits() {
      await balancer.submit(keep);
    }
    const [one, two] = [await caught(awaits()), await caught(awaits())];
    expect(frames(two)).toEqual(frames(one));
    expect(frames(one)).toEqual(['keep', 'awaits']);
  });

  it('what is thrown and is no error stays as it is; a frozen error keeps its own stack', async () => {
    async function awaits(task: () => unknown) {
      await balancer.submit(task);
    }
    expect(await caught(awaits(() => Promise.reject('text')))).toBe('text');
    const frozen = await caught(
      awaits(() => {
        throw Object.freeze(new RangeError('frozen'));
      }),
    );
    expect(frozen).toBeInstanceOf(RangeError);
    expect((frozen as Error).stack).toContain('RangeError: frozen');
  });
});
