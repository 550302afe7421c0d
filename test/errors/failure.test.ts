import assert from 'node:assert';
import { inspect } from 'node:util';
import vm from 'node:vm';
import { describe, expect, it } from 'vitest';
import * as balancerErrors from '../../dist/src/errors/errors.js';
import { decodeFailure, encodeFailure } from '../../dist/src/errors/failure.js';

/** As between two threads. */
// biome-ignore lint/suspicious/noExplicitAny: whatever was thrown
function travel(thrown: unknown): any {
  return decodeFailure(structuredClone(encodeFailure(thrown)));
}

const { NotCloneableError, TaskNotFoundError } = balancerErrors;

describe('errors on their way between threads', () => {
  it.each([Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError])(
    '%o keeps its class',
    (Class) => {
      const error = new Class('why');
      const back = travel(error);
      expect(back).toBeInstanceOf(Class);
      expect(Object.getPrototypeOf(back)).toBe(Class.prototype);
      expect([back.name, back.message, back.stack]).toEqual([Class.name, 'why', error.stack]);
      expect(Object.prototype.toString.call(back)).toBe('[object Error]');
    },
  );

  it('an own class comes as the nearest known one, with its name and properties', () => {
    class HttpError extends TypeError {
      status = 404;
      details = { path: ['a', 'b'], at: new Date(0) };
    }
    const back = travel(new HttpError('missing'));
    expect(Object.getPrototypeOf(back)).toBe(TypeError.prototype);
    expect(back).toMatchObject({ name: 'HttpError', message: 'missing', status: 404 });
    expect(back.details).toEqual({ path: ['a', 'b'], at: new Date(0) });
  });

  it('a name that was set is kept', () => {
    const error = new Error('x');
    error.name = 'Custom';
    const back = travel(error);
    expect(back.name).toBe('Custom');
    expect(Object.keys(back)).toEqual([]);
  });

  it('a code is kept, be it enumerable or not, own or inherited', () => {
    const hidden = Object.defineProperty(new Error('x'), 'code', { value: 'E_HIDDEN' });
    class Coded extends Error {
      get code() {
        return 'E_GETTER';
      }
    }
    expect(travel(Object.assign(new Error('x'), { code: 'E_OWN' })).code).toBe('E_OWN');
    expect(travel(hidden).code).toBe('E_HIDDEN');
    expect(travel(new Coded('x')).code).toBe('E_GETTER');
    expect('code' in travel(new Error('x'))).toBe(false);
  });

  it('a chain of causes comes whole', () => {
    const back = travel(new Error('top', { cause: new RangeError('middle', { cause: 'bottom' }) }));
    expect(back.cause).toBeInstanceOf(RangeError);
    expect(back.cause.message).toBe('middle');
    expect(back.cause.cause).toBe('bottom');
    expect(Object.keys(back)).toEqual([]);
  });

  it('a cause of undefined is there, and no cause is not', () => {
    expect(Object.hasOwn(travel(new Error('x', { cause: undefined })), 'cause')).toBe(true);
    expect(Object.hasOwn(travel(new Error('x')), 'cause')).toBe(false);
  });

  it('a cause that is its own cause stays a circle', () => {
    const error = new Error('a');
    error.cause = new Error('b', { cause: error });
    const back = travel(error);
    expect(back.cause.message).toBe('b');
    expect(back.cause.cause).toBe(back);
  });

  it('a very long chain is cut', () => {
    let error = new Error('0');
    for (let i = 1; i < 10_000; i++) error = new Error(String(i), { cause: error });
    let depth = 0;
    for (let at = travel(error); at instanceof Error; at = at.cause as Error) depth++;
    expect(depth).toBe(50);
  });

  it('AggregateError keeps its errors', () => {
    const back = travel(new AggregateError([new TypeError('a'), 'b', { c: 1 }], 'all'));
    expect(back).toBeInstanceOf(AggregateError);
    expect(back.errors[0]).toBeInstanceOf(TypeError);
    expect(back.errors.slice(1)).toEqual(['b', { c: 1 }]);
    expect(Object.keys(back)).toEqual([]);
  });

  it('AggregateError keeps thousands of errors; without end they are cut, and it says how many are lost', () => {
    const one = (_: unknown, code: number) => Object.assign(new Error('one'), { code });
    const many = (length: number) => travel(new AggregateError(Array.from({ length }, one), 'all'));
    expect(many(5_000).errors.at(-1)).toMatchObject({ code: 4_999 });
    expect(many(10_007).errors.at(-1)).toBe('(and 7 more, left out)');
  });

  it('a real AggregateError of Promise.any does as well', async () => {
    const thrown = await Promise.any([Promise.reject(new Error('a'))]).catch((error) => error);
    expect(travel(thrown).errors[0].message).toBe('a');
  });

  it('DOMException keeps name and code', () => {
    const back = travel(new DOMException('stop', 'AbortError'));
    expect(back).toBeInstanceOf(DOMException);
    expect([back.name, back.message, back.code]).toEqual(['AbortError', 'stop', 20]);
    const reason = travel(AbortSignal.abort().reason);
    expect(reason).toBeInstanceOf(DOMException);
  });

  it('a DataCloneError of Node comes as DOMException', () => {
    let thrown: unknown;
    try {
      structuredClone(() => 1);
    } catch (error) {
      thrown = error;
    }
    expect(travel(thrown)).toMatchObject({ name: 'DataCloneError', code: 25 });
  });

  it("this package's errors keep their class", () => {
    const missing = travel(new TaskNotFoundError('no such', { cause: new Error('why') }));
    expect(missing).toBeInstanceOf(TaskNotFoundError);
    expect(missing).toMatchObject({
      name: 'TaskNotFoundError',
      code: 'ERR_TASK_NOT_FOUND',
      message: 'no such',
    });
    expect(missing.cause.message).toBe('why');
    const refused = travel(new NotCloneableError('the result', 'a function'));
    expect(refused).toBeInstanceOf(NotCloneableError);
    expect(refused.path).toBe('the result');
  });

  it('an error of another realm comes as its class', () => {
    const back = travel(vm.runInNewContext('new RangeError("far")'));
    expect(back).toBeInstanceOf(RangeError);
    expect(back.message).toBe('far');
  });

  it('a system error keeps what Node tells', async () => {
    const { readFile } = await import('node:fs/promises');
    const thrown = await readFile('/does/not/exist').catch((error) => error);
    expect(travel(thrown)).toMatchObject({
      code: 'ENOENT',
      errno: thrown.errno,
      syscall: 'open',
      path: '/does/not/exist',
    });
  });

  it('own properties that cannot be sent come as text, errors among them as errors', () => {
    const back = travel(
      Object.assign(new Error('x'), {
        call: () => 1,
        inner: new TypeError('in'),
        big: { deep: { f() {} } },
        ok: 1n,
      }),
    );
    expect(back.call).toBe('[Function: call]');
    expect(back.inner).toBeInstanceOf(TypeError);
    expect(back.big).toEqual({ deep: { f: '[Function: f]' } });
    expect(back.ok).toBe(1n);
  });

  it('Buffers stay Buffers, and bring no more than their own bytes', () => {
    const back = travel(
      Object.assign(new Error('x'), { stderr: Buffer.from('oops'), output: [null, Buffer.from('out')] }),
    );
    expect(back.stderr).toBeInstanceOf(Buffer);
    expect(back.stderr.toString()).toBe('oops');
    expect(back.output[1].toString()).toBe('out');
    expect(back.stderr.buffer.byteLength).toBe(4);
  });

  it('a Buffer of shared memory stays shared', () => {
    const shared = Buffer.from(new SharedArrayBuffer(8), 2, 3);
    const back = travel(Object.assign(new Error('x'), { shared }));
    shared[0] = 7;
    expect([back.shared.length, back.shared[0]]).toEqual([3, 7]);
  });

  it('errors inside own arrays, objects and Maps keep what errors keep', () => {
    const inner = () => Object.assign(new TypeError('in'), { code: 'E_IN' });
    const back = travel(
      Object.assign(new Error('x'), {
        errors: [inner()],
        details: { deep: { inner: inner() } },
        byName: new Map([['a', inner()]]),
        all: new Set([inner()]),
      }),
    );
    for (const each of [back.errors[0], back.details.deep.inner, back.byName.get('a'), ...back.all]) {
      expect(each).toBeInstanceOf(TypeError);
      expect(each.code).toBe('E_IN');
    }
  });

  it('identity is kept: the error inside its own list, one object or a part of it in two properties', () => {
    const error = new Error('x');
    const one = { a: new Date(0), list: [1] };
    const part = new Date(1);
    class Holder {
      part = part;
    }
    const back = travel(
      Object.assign(error, { list: [error], one, two: one, inner: [one.list], holder: new Holder(), part }),
    );
    expect(back.list[0]).toBe(back);
    expect(back.one).toBe(back.two);
    expect(back.inner[0]).toBe(back.one.list);
    expect(back.holder.part).toBe(back.part);
  });

  it('what has more parts than are looked at comes as structured clone gives it', () => {
    const many = Array.from({ length: 20_000 }, (_, i) => ({ i }));
    expect(travel(Object.assign(new Error('x'), { many })).many).toEqual(many);
    const deep = { at: 0, next: undefined as unknown };
    for (let i = 1, at = deep; i < 300; i++) at = at.next = { at: i, next: undefined } as typeof deep;
    expect(travel(Object.assign(new Error('x'), { deep })).deep).toEqual(deep);
    // biome-ignore lint/suspicious/noSparseArray: holes are what is tested
    expect(travel(Object.assign(new Error('x'), { holes: [1, , 3] })).holes).toEqual([1, , 3]);
  });

  it('a class of the same name as one of this package is its own', () => {
    class QueueFullError extends Error {
      code = 'MINE';
    }
    class InvalidOptionError extends TypeError {}
    const full = travel(new QueueFullError('mine'));
    expect(full).not.toBeInstanceOf(balancerErrors.QueueFullError);
    expect(full).toMatchObject({ name: 'QueueFullError', code: 'MINE', message: 'mine' });
    const invalid = travel(new InvalidOptionError('mine'));
    expect(invalid).not.toBeInstanceOf(balancerErrors.InvalidOptionError);
    expect(invalid).toBeInstanceOf(TypeError);
    expect(invalid.name).toBe('InvalidOptionError');
  });

  it("a class that is derived from one of this package's comes as that one", () => {
    class Fuller extends balancerErrors.QueueFullError {}
    const back = travel(new Fuller(3));
    expect(back).toBeInstanceOf(balancerErrors.QueueFullError);
    expect(back).toMatchObject({ name: 'Fuller', code: 'ERR_QUEUE_FULL', maxQueue: 3 });
  });

  it('a class named as one of the language is its own', () => {
    const Mine = { RangeError: class extends Error {} }.RangeError;
    const back = travel(new Mine('mine'));
    expect(Object.getPrototypeOf(back)).toBe(Error.prototype);
    expect(back.name).toBe('RangeError');
  });

  it('an AssertionError keeps what it tells', () => {
    const thrown = new assert.AssertionError({ actual: [1], expected: [2], operator: 'deepStrictEqual' });
    expect(travel(thrown)).toMatchObject({
      name: 'AssertionError',
      code: 'ERR_ASSERTION',
      actual: [1],
      expected: [2],
    });
  });

  it('a property named __proto__ does no harm', () => {
    const error = Object.defineProperty(new Error('x'), '__proto__', {
      value: { evil: 1 },
      enumerable: true,
    });
    const back = travel(error);
    expect(back).toBeInstanceOf(Error);
    expect(back.evil).toBeUndefined();
  });

  it('one error in two places stays one', () => {
    const shared = new Error('shared');
    const back = travel(new AggregateError([shared, shared], 'x', { cause: shared }));
    expect(back.errors[0]).toBe(back.errors[1]);
    expect(back.cause).toBe(back.errors[0]);
  });
});

describe('whatever else is thrown', () => {
  it.each([
    ['undefined', undefined],
    ['null', null],
    ['text', 'text'],
    ['NaN', Number.NaN],
    ['a bigint', 7n],
    ['an object', { status: 404, list: [1] }],
    ['a Map', new Map([[1, 2]])],
    ['bytes', new Uint8Array([1, 2])],
    ['a Buffer', Buffer.from([1, 2])],
    ['an array of another realm', vm.runInNewContext('[1, { a: 2 }]')],
    ['an object with a key __proto__', JSON.parse('{ "__proto__": 1 }')],
  ])('comes back as that value: %s', (_title, value) => {
    expect(travel(value)).toEqual(value);
  });

  it.each([
    ['a function', () => 1, /\[Function/],
    ['a symbol', Symbol('why'), /Symbol\(why\)/],
    ['a Promise', Promise.resolve(1), /Promise/],
    ['a Proxy all of whose traps throw', hostile(), /thrown value is/],
    ['a revoked Proxy', revoked(), /Revoked Proxy|thrown value is/],
  ])('that cannot be sent is told as text: %s', (_title, value, message) => {
    const back = travel(value);
    expect(back).toBeInstanceOf(NotCloneableError);
    expect(back.path).toBe('the thrown value');
    expect(back.message).toMatch(message);
  });

  it('a part that cannot be sent is told as text, and the rest is kept', () => {
    const throwing = {
      a: 1,
      get bad() {
        throw new Error('no');
      },
    };
    expect(travel({ a: 1, f() {} })).toEqual({ a: 1, f: '[Function: f]' });
    expect(travel(throwing)).toEqual({ a: 1, bad: expect.stringContaining('a getter that throws') });
    const deep = travel({ list: [new Map<string, unknown>([['k', Promise.resolve(1)]]), 2] });
    expect(deep).toEqual({ list: [new Map([['k', expect.stringContaining('Promise')]]), 2] });
    class Point {
      x = 1;
      inner = new (class {
        y = 2;
        f = () => {};
      })();
      f = () => {};
    }
    const text = expect.stringContaining('Function');
    expect(travel(new Point())).toEqual({ x: 1, inner: { y: 2, f: text }, f: text });
    expect(travel([new Point(), new Date(3)])).toEqual([
      { x: 1, inner: { y: 2, f: text }, f: text },
      new Date(3),
    ]);
  });

  it('an error keeps properties that are hidden, under symbols, and getters of its class', () => {
    class HttpError extends RangeError {
      get status() {
        return 418;
      }
      get broken() {
        throw new Error('no');
      }
      describe() {
        return 'x';
      }
    }
    class Teapot extends HttpError {
      get [Symbol.toStringTag]() {
        return 'Teapot';
      }
    }
    const error = new Teapot('m');
    Object.defineProperty(error, 'hidden', { value: { deep: [1] } });
    Object.assign(error, { [Symbol.for('shared')]: 5, [Symbol('own')]: 6, shown: 7 });
    Object.defineProperty(error, Symbol('internal'), { value: 8 });
    const back = travel(error) as RangeError & Record<PropertyKey, unknown>;
    expect(back).toBeInstanceOf(RangeError);
    expect([back.name, back.status, back.hidden, back.shown]).toEqual(['Teapot', 418, { deep: [1] }, 7]);
    expect(back[Symbol.for('shared')]).toBe(5);
    expect(Object.prototype.toString.call(back)).toBe('[object Teapot]');
    expect(Object.keys(back)).toEqual(['shown']);
    const symbols = Object.getOwnPropertySymbols(back).map((symbol) => symbol.description);
    expect(symbols.sort()).toEqual(['Symbol.toStringTag', 'own', 'shared']);
    expect('broken' in back || 'describe' in back).toBe(false);
  });

  it.each([
    ['a frozen error', Object.freeze(new Error('m'))],
    ['getters that throw', getters(new Error('m'), ['stack', 'name', 'cause', 'code', 'extra'])],
    ['a stack that is no text', Object.defineProperty(new Error('m'), 'stack', { value: { no: 1 } })],
    ['no prototype', Object.setPrototypeOf(new Error('m'), null)],
    ['a prototype that throws', Object.setPrototypeOf(new Error('m'), hostile())],
    ['a constructor that is no function', Object.assign(new Error('m'), { constructor: null })],
  ])('of an error with %s, what can be told is told', (_title, error) => {
    const back = travel(error);
    expect(back).toBeInstanceOf(Error);
    expect(back.message).toBe('m');
    expect(typeof back.stack).toBe('string');
    expect(() => inspect(back)).not.toThrow();
  });

  it('an object with an error inside comes with the error', () => {
    const back = travel({ status: 404, error: Object.assign(new TypeError('q'), { code: 'E_Q' }) });
    expect(back.status).toBe(404);
    expect(back.error).toBeInstanceOf(TypeError);
    expect(back.error.code).toBe('E_Q');
  });

  it('an object with a circle stays one', () => {
    const circle: { me?: unknown; list: unknown[] } = { list: [] };
    circle.me = circle;
    circle.list.push(circle.list);
    const back = travel(circle);
    expect(back.me).toBe(back);
    expect(back.list[0]).toBe(back.list);
  });

  it('one part that resists being looked at spoils no more than itself', () => {
    const back = travel(Object.assign(new RangeError('m'), { bad: hostile(), list: [revoked()], good: 1 }));
    expect(back).toBeInstanceOf(RangeError);
    expect([back.message, back.good, typeof back.bad, typeof back.list[0]]).toEqual([
      'm',
      1,
      'string',
      'string',
    ]);
  });

  it('a message and stack of any size are cut', () => {
    const error = new Error('x'.repeat(5_000_000));
    const encoded = JSON.stringify(encodeFailure(error));
    expect(encoded.length).toBeLessThan(1_200_000);
  });

  it('a getter of a thrown object runs once', () => {
    let runs = 0;
    const thrown = {
      get once() {
        runs++;
        return runs;
      },
    };
    expect(travel(thrown)).toEqual({ once: 1 });
    expect(runs).toBe(1);
  });

  it('rebuilding leaves the length of stacks as it was', () => {
    const before = Error.stackTraceLimit;
    try {
      Error.stackTraceLimit = 7;
      travel(new Error('x'));
      expect(Error.stackTraceLimit).toBe(7);
    } finally {
      Error.stackTraceLimit = before;
    }
  });
});

function hostile(): object {
  const fail = () => {
    throw new Error('trap');
  };
  return new Proxy(
    {},
    { get: fail, has: fail, ownKeys: fail, getPrototypeOf: fail, getOwnPropertyDescriptor: fail },
  );
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function getters(error: Error, names: string[]): Error {
  for (const name of names) {
    Object.defineProperty(error, name, {
      enumerable: true,
      get() {
        throw new Error('getter');
      },
    });
  }
  return error;
}
