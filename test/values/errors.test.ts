import { Balancer, NotCloneableError, QueueFullError } from 'leastwork';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const taskEntry = new URL('../../dist/workers/task.js', import.meta.url).href;

type Any = Record<PropertyKey, unknown> & { cause: Any; errors: Any[]; list: Any[] };

/** An error as programs throw them: a subclass, with a code, own properties, a cause and a Buffer. */
function rich(): Error {
  class ParseError extends SyntaxError {
    get position() {
      return 3;
    }
  }
  const cause = Object.assign(new TypeError('inner'), { code: 'E_INNER' });
  return Object.assign(new ParseError('outer', { cause }), {
    code: 'E_OUTER',
    bytes: Buffer.from('ab'),
    log: () => {},
    list: [Object.assign(new Error('listed'), { code: 'E_LISTED' })],
  });
}

function check(error: unknown): void {
  const found = error as Any;
  expect(found).toBeInstanceOf(SyntaxError);
  expect(found).toMatchObject({ name: 'ParseError', message: 'outer', code: 'E_OUTER', position: 3 });
  expect(found.bytes).toEqual(Buffer.from('ab'));
  expect(found.log).toContain('Function');
  expect(found.cause).toBeInstanceOf(TypeError);
  expect(found.cause.code).toBe('E_INNER');
  expect(found.list[0]).toMatchObject({ message: 'listed', code: 'E_LISTED' });
  expect(Object.keys(found)).not.toContain('cause');
}

/** What a task finds in the error it is given. */
function summary(error: Any): unknown[] {
  return [
    error.name,
    error instanceof SyntaxError,
    error.code,
    error.position,
    error.cause.code,
    String(error.bytes),
  ];
}
const SUMMARY = ['ParseError', true, 'E_OUTER', 3, 'E_INNER', 'ab'];

describe('an error that is no failure arrives as one that is thrown', () => {
  let balancer: Balancer;
  beforeAll(() => {
    balancer = new Balancer({ workers: 1 });
  });
  afterAll(() => balancer.close());

  it('as a result, in lists, Maps and instances of classes', async () => {
    check(await balancer.submit(rich));
    const task = new Function(`return () => { ${rich}
      const error = rich();
      return { error, list: [error], map: new Map([['k', error]]), held: new (class { value = error })(), other: rich() };
    }`)() as () => { error: Any; list: Any[]; map: Map<string, Any>; held: { value: Any }; other: Any };
    const result = await balancer.submit(task);
    check(result.error);
    check(result.other);
    expect(result.other).not.toBe(result.error);
    expect(
      [result.list[0], result.map.get('k'), result.held.value].every((each) => each === result.error),
    ).toBe(true);
  });

  it('in what allSettled gives', async () => {
    const results = await balancer.submit(() =>
      Promise.allSettled([
        Promise.resolve(1),
        Promise.reject(Object.assign(new RangeError('no'), { code: 'E' })),
      ]),
    );
    expect(results[1]).toMatchObject({ status: 'rejected', reason: { message: 'no', code: 'E' } });
  });

  it('as an argument, inside of one, and as the context', async () => {
    const task = new Function(`return async (error, options, entry) => { ${summary}
      const { context } = await import(entry);
      return [error, options.list[0], context.value.error].map(summary);
    }`)() as (...args: unknown[]) => unknown;
    const context = { error: rich() };
    const found = await balancer.submit(task, [rich(), { list: [rich()] }, taskEntry], { context });
    expect(found).toEqual([SUMMARY, SUMMARY, SUMMARY]);
  });

  it('as a yielded value and as progress', async () => {
    const progress: unknown[] = [];
    const task = new Function(`return async function* (entry) { ${rich}
      const { context } = await import(entry);
      context.progress(rich());
      yield [rich()];
    }`)() as (entry: string) => AsyncGenerator<Any[]>;
    for await (const [error] of balancer.stream(task, [taskEntry], {
      onProgress: (value) => progress.push(value),
    })) {
      check(error);
    }
    expect(progress).toHaveLength(1);
    check(progress[0]);
  });

  it('with its class where both sides have that, and the errors of an AggregateError', async () => {
    const full = Object.assign(new QueueFullError(3), { extra: 1 });
    const echo = (error: unknown) => [error];
    const [back] = (await balancer.submit(echo, [full])) as [unknown];
    expect(back).toBeInstanceOf(QueueFullError);
    expect(back).toMatchObject({ code: 'ERR_QUEUE_FULL', maxQueue: 3, extra: 1 });
    const inner = Object.assign(new Error('in'), { code: 'E_IN' });
    const [all] = (await balancer.submit(echo, [new AggregateError([inner], 'all')])) as [AggregateError];
    expect(all).toBeInstanceOf(AggregateError);
    expect(all.errors).toMatchObject([{ message: 'in', code: 'E_IN' }]);
  });

  it('unless its cause cannot be cloned: that is an error, as it was', async () => {
    const error = new Error('m', { cause: () => {} });
    await expect(balancer.submit((value: unknown) => value, [error])).rejects.toBeInstanceOf(
      NotCloneableError,
    );
  });

  it('and what it shares with the value around it stays shared', async () => {
    const shared = { a: 1 };
    const value = { shared, error: new Error('m', { cause: shared }) };
    const back = (await balancer.submit((value: unknown) => value, [value])) as typeof value;
    expect(back.error.cause).toBe(back.shared);
  });

  it('and a cause that leads back to it does, whichever way it goes', async () => {
    const circle = (): unknown[] => {
      const outer = Object.assign(new TypeError('outer'), { code: 'E_OUTER' });
      const inner = Object.assign(new Error('inner', { cause: [outer] }), { code: 'E_INNER' });
      Object.defineProperty(outer, 'cause', { value: inner, configurable: true });
      const own = Object.assign(new Error('own'), { code: 'E_OWN' });
      Object.defineProperty(own, 'cause', { value: own, configurable: true });
      return [new Error('before', { cause: outer }), inner, own];
    };
    const examine = (value: unknown): void => {
      const [before, inner, own] = value as [Any, Any, Any];
      expect(before.cause).toMatchObject({ name: 'TypeError', code: 'E_OUTER' });
      expect(inner).toMatchObject({ message: 'inner', code: 'E_INNER' });
      expect([before.cause.cause, inner.cause]).toEqual([inner, [before.cause]]);
      expect(before.cause.cause === inner && inner.cause[0 as never] === before.cause).toBe(true);
      expect(own.cause === own && own.code === 'E_OWN').toBe(true);
      expect(Object.keys(own)).not.toContain('cause');
    };
    const given = circle();
    examine(await balancer.submit((value: unknown) => value, [given]));
    examine(given);
    examine(await balancer.submit(circle));
    for await (const value of balancer.stream(
      new Function(`return function* () { yield (${circle})() }`)() as () => Generator,
    ))
      examine(value);
    for await (const value of balancer.map([given], (value: unknown) => value)) examine(value);
  });

  it('as a DOMException, which older versions of Node make an empty object of', async () => {
    const task = (given: unknown) => {
      const own = Object.assign(
        new DOMException('own', { name: 'AbortError', cause: new TypeError('why') }),
        {
          extra: 1,
        },
      );
      return { given, list: [own], map: new Map([['k', own]]) };
    };
    const given = new DOMException('given', 'TimeoutError');
    const result = (await balancer.submit(task, [given])) as unknown as Any & { map: Map<string, Any> };
    expect(result.given).toBeInstanceOf(DOMException);
    expect(result.given).toMatchObject({ name: 'TimeoutError', message: 'given', code: 23 });
    expect(result.list[0]).toBeInstanceOf(DOMException);
    expect(result.list[0]).toMatchObject({ name: 'AbortError', message: 'own', code: 20, extra: 1 });
    expect(result.list[0]?.cause).toBeInstanceOf(TypeError);
    expect(result.map.get('k')).toBe(result.list[0]);
    expect(String(result.list[0])).toBe('AbortError: own');
  });

  it('as one of a class without `class`', async () => {
    const task = () => {
      function OldError(this: Any, message: string) {
        this.message = message;
        this.code = 'E_OLD';
      }
      OldError.prototype = Object.create(RangeError.prototype, {
        constructor: { value: OldError },
        name: { value: 'OldError' },
        status: { get: () => 404 },
      });
      return [new (OldError as unknown as new (message: string) => Error)('old')];
    };
    const [error] = await balancer.submit(task);
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ name: 'OldError', message: 'old', code: 'E_OLD', status: 404 });
  });

  it.each([3_000, 20_000])('as the last of %i outcomes, or items of a list', async (count) => {
    const settled = (count: number) =>
      Promise.allSettled(
        Array.from({ length: count }, (_, i) =>
          i === count - 1 ? Promise.reject(Object.assign(new Error('last'), { code: 'E_LAST' })) : i,
        ),
      );
    const outcomes = await balancer.submit(settled, [count]);
    expect(outcomes.at(-1)).toMatchObject({ reason: { code: 'E_LAST' } });
    const code = (list: readonly Any[]) => (list.at(-1) as unknown as { reason: Any }).reason.code;
    expect(await balancer.submit(code, [(await settled(count)) as unknown as Any[]])).toBe('E_LAST');
    const listed = (count: number) => [
      ...Array(count).keys(),
      Object.assign(new Error('last'), { code: 'E_LAST' }),
    ];
    expect((await balancer.submit(listed, [count])).at(-1)).toMatchObject({ code: 'E_LAST' });
  });
});

describe('the error of a value that cannot be sent', () => {
  it('has a cause without frames of the package', async () => {
    const balancer = new Balancer({ workers: 1 });
    const take = async (values: AsyncIterable<unknown>) => {
      for await (const _ of values);
    };
    const errors = await Promise.all(
      [
        balancer.submit((value: unknown) => value, [() => 1]),
        balancer.submit(() => ({ f: () => 1 })),
        take(
          balancer.stream(function* () {
            yield () => 1;
          }),
        ),
        take(balancer.map([1], () => () => 1)),
        take(balancer.map([{ f: () => 1 }], (value: unknown) => value)),
        balancer.submit(() => new Map([['k', new AbortController().signal]])),
      ].map((each) => (each as Promise<unknown>).then(String, (error: unknown) => error)),
    );
    for (const error of errors) {
      expect(error).toBeInstanceOf(NotCloneableError);
      const { stack, cause } = error as NotCloneableError;
      for (const text of [stack, (cause as Error).stack])
        expect(text).not.toMatch(/\/dist\/(?:node|workers|src)\/|node:internal/);
      expect((cause as Error).stack).toContain((cause as Error).message);
    }
    await balancer.close();
  });
});
