import { Balancer } from 'leastwork';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** What an expression, thrown in a worker, arrives as. */
type Case = [source: string, check: (reason: unknown) => void];

const isErrorOf =
  (kind: new (...args: never[]) => object, like: object) =>
  (reason: unknown): void => {
    expect(reason).toBeInstanceOf(kind);
    expect(reason).toMatchObject(like);
  };
const is =
  (value: unknown) =>
  (reason: unknown): void =>
    expect(reason).toStrictEqual(value);

const cases: Case[] = [
  ['undefined', is(undefined)],
  ['null', is(null)],
  ['0', is(0)],
  ["'text'", is('text')],
  ['10n', is(10n)],
  ['({ status: 404 })', is({ status: 404 })],
  ["new Error('plain')", isErrorOf(Error, { message: 'plain', name: 'Error' })],
  ["Object.freeze(new TypeError('frozen'))", isErrorOf(TypeError, { message: 'frozen' })],
  [
    "Object.assign(new RangeError('r'), { code: 'E_OWN', at: [1] })",
    isErrorOf(RangeError, { code: 'E_OWN', at: [1] }),
  ],
  [
    "new Error('outer', { cause: new SyntaxError('inner') })",
    isErrorOf(Error, { cause: { name: 'SyntaxError' } }),
  ],
  [
    "new AggregateError([new Error('a'), 2], 'both')",
    isErrorOf(AggregateError, { message: 'both', errors: [{ message: 'a' }, 2] }),
  ],
  [
    "new DOMException('stop', 'AbortError')",
    isErrorOf(DOMException, { name: 'AbortError', message: 'stop', code: 20 }),
  ],
  [
    "require('node:fs').readFileSync('/nowhere/at/all')",
    isErrorOf(Error, { code: 'ENOENT', syscall: 'open' }),
  ],
  [
    "Object.defineProperty(new Error('m'), 'message', { get() { throw 1 } })",
    isErrorOf(Error, { message: '' }),
  ],
  [
    "Object.defineProperty(new Error('m'), 'bad', { enumerable: true, get() { throw 1 } })",
    isErrorOf(Error, { message: 'm' }),
  ],
  [
    "Object.assign(new Error('m'), { callback() {} })",
    isErrorOf(Error, { message: 'm', callback: expect.any(String) }),
  ],
  ["Symbol('s')", isErrorOf(Error, { code: 'ERR_NOT_CLONEABLE', path: 'the thrown value' })],
  ['() => 1', isErrorOf(Error, { code: 'ERR_NOT_CLONEABLE' })],
  [
    'new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 2 } })',
    isErrorOf(Error, { code: 'ERR_NOT_CLONEABLE' }),
  ],
];

/** Results and arguments that cannot be sent, and where they say so. */
const uncloneable: [source: string, path: string][] = [
  ['() => 1', ''],
  ["Symbol('s')", ''],
  ['({ deep: [1, { callback() {} }] })', '.deep[1].callback'],
  ["new Map([['k', Symbol('s')]])", ".get('k')"],
  ['[Promise.resolve(1)]', '[0]'],
  ['new WeakMap()', ''],
  ['new Proxy({}, {})', ''],
  ['new Proxy({}, { getPrototypeOf() { throw 1 } })', ''],
  ["({ get bad() { throw new Error('no') } })", '.bad'],
  ['((b) => (structuredClone(b.buffer, { transfer: [b.buffer] }), b))(new Uint8Array(9))', ''],
  ['((b) => (structuredClone(b.buffer, { transfer: [b.buffer] }), { b }))(new Uint8Array(900))', '.b'],
  ['(function* () {})()', ''],
];

describe('what a task throws, and what cannot be sent', () => {
  let balancer: Balancer;
  beforeAll(() => {
    balancer = new Balancer({ workers: 1 });
  });
  afterAll(() => balancer.close());

  /** A request between two others that must not notice. */
  const between = async (request: () => Promise<unknown>): Promise<unknown> => {
    const before = balancer.submit(() => 'before');
    const outcome = request().then(
      (value) => expect.unreachable(`resolved with ${String(value)}`),
      (reason: unknown) => [reason],
    );
    const after = balancer.submit(() => 'after');
    expect(await Promise.all([before, after])).toEqual(['before', 'after']);
    return ((await outcome) as unknown[])[0];
  };

  it.each(cases)('throw %s', async (source, check) => {
    const task = new Function(`return () => { throw ${source} }`)() as () => never;
    check(await between(() => balancer.submit(task)));
    const later = new Function(
      `return async () => { await null; throw ${source} }`,
    )() as () => Promise<never>;
    check(await between(() => balancer.submit(later)));
  });

  it.each(uncloneable)('the result %s', async (source, path) => {
    const task = new Function(`return () => (${source})`)() as () => unknown;
    expect(await between(() => balancer.submit(task))).toMatchObject({
      code: 'ERR_NOT_CLONEABLE',
      path: `the result${path}`,
      message: expect.stringContaining(`the result${path}`),
    });
  });

  it.each(uncloneable)('the argument %s', async (source, path) => {
    const argument = new Function(`return (${source})`)();
    const reason = await between(() => balancer.submit((_a, b) => b, [1, argument]));
    expect(reason).toMatchObject({ code: 'ERR_NOT_CLONEABLE', path: `arguments[1]${path}` });
  });

  it('an array of arguments that resists being looked at', async () => {
    const args = new Proxy([1], {
      get() {
        throw new Error('trap');
      },
    });
    expect(await between(() => balancer.submit((v) => v, args as [number]))).toMatchObject({
      code: 'ERR_NOT_CLONEABLE',
    });
  });

  const thenables: [source: string, outcome: object][] = [
    [
      '{ then() { throw new RangeError("in then") } }',
      { status: 'rejected', reason: { name: 'RangeError' } },
    ],
    [
      '{ get then() { throw new RangeError("getter") } }',
      { status: 'rejected', reason: { message: 'getter' } },
    ],
    ['{ then(yes, no) { no(new TypeError("no")) } }', { status: 'rejected', reason: { name: 'TypeError' } }],
    ['{ then(yes, no) { yes(1); yes(2); no(3); throw 4 } }', { status: 'fulfilled', value: 1 }],
    ['{ then(yes, no) { no(1); yes(2) } }', { status: 'rejected', reason: 1 }],
    ['{ then(yes) { setTimeout(yes, 5, 6) } }', { status: 'fulfilled', value: 6 }],
    ['{ then(yes) { yes({ then(inner) { inner(7) } }) } }', { status: 'fulfilled', value: 7 }],
    // biome-ignore lint/suspicious/noThenProperty: it is no thenable
    ['{ then: 8 }', { status: 'fulfilled', value: { then: 8 } }],
  ];
  it.each(thenables)('a task that returns %s', async (source, outcome) => {
    const task = new Function(`return () => (${source})`)() as () => unknown;
    const results = await Promise.allSettled([balancer.submit(task), balancer.submit(() => 'next')]);
    expect(results).toMatchObject([outcome, { value: 'next' }]);
  });

  it('a task whose promise never settles holds nobody but its time', async () => {
    // biome-ignore lint/suspicious/noThenProperty: a thenable is what is tested
    const never = balancer.submit(() => ({ then() {} }), [], { timeout: 20 });
    const next = balancer.submit(() => 'next');
    await expect(never).rejects.toMatchObject({ code: 'ERR_TASK_TIMEOUT', phase: 'run' });
    expect(await next).toBe('next');
  });

  it('a submit that is wrong rejects; it never throws', async () => {
    const wrong = [
      () => balancer.submit(undefined as never),
      () => balancer.submit('name' as never),
      () => balancer.submit((() => 1) as never, 'args' as never),
      () => balancer.submit(() => 1, [], null as never),
      () => balancer.submit(Math.max as never, [1, 2] as never),
      () => balancer.submit(class {} as never),
      () => balancer.submit((() => 1).bind(null)),
    ];
    for (const submit of wrong) {
      let promise: Promise<unknown> | undefined;
      expect(() => {
        promise = submit();
        promise.catch(() => {});
      }).not.toThrow();
      await expect(promise).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_/) });
    }
  });
});
