import { runInNewContext } from 'node:vm';
import { MessageChannel } from 'node:worker_threads';
import { afterAll, describe, expect, it } from 'vitest';
import { NotCloneableError } from '../../dist/src/errors/errors.js';
import { cloneError } from '../../dist/src/values/clone-errors.js';

function cyclic(): object {
  const object: Record<string, unknown> = { a: { b: [] } };
  object.self = object;
  (object.a as Record<string, unknown>).up = object;
  object.late = { callback: () => 1 };
  return object;
}

function detached(): Uint8Array {
  const view = new Uint8Array(8);
  structuredClone(view.buffer, { transfer: [view.buffer] });
  return view;
}

class User {
  name = 'x';
  friends = [{ greet() {} }];
}

const { port1 } = new MessageChannel();
// Not before: Node 20 crashes when it is to clone a closed port.
afterAll(() => port1.close());

const REFUSED: [title: string, value: unknown, path: string, what: RegExp][] = [
  ['a function', () => 1, 'arguments[0]', /^a function/],
  [
    'a named function',
    { on: { done: function finish() {} } },
    'arguments[0].on.done',
    /^a function \(finish\)$/,
  ],
  ['in an array', [1, [2, () => 3]], 'arguments[0][1][1]', /^a function/],
  ['under an odd key', { 'a b': { 7: () => 1 } }, 'arguments[0]["a b"]["7"]', /^a function/],
  ['a symbol', { kind: Symbol('k') }, 'arguments[0].kind', /^a symbol \(Symbol\(k\)\)$/],
  ['in a class instance', new User(), 'arguments[0].friends[0].greet', /^a function \(greet\)$/],
  ["a Map's value", new Map([['key', () => 1]]), "arguments[0].get('key')", /^a function/],
  ["a Map's key", new Map([[Symbol('s'), 1]]), 'arguments[0].keys()[Symbol(s)]', /^a symbol/],
  [
    "a Set's value",
    new Set([1, new Map([[{}, Symbol('s')]])]),
    'arguments[0].values()[…].get(…)',
    /^a symbol/,
  ],
  ['in the cause of an error', new Error('x', { cause: { f() {} } }), 'arguments[0].cause.f', /^a function/],
  ['behind a cycle', cyclic(), 'arguments[0].late.callback', /^a function/],
  ['a Promise', { result: Promise.resolve(1) }, 'arguments[0].result', /^a Promise \(await it first\)$/],
  ['a WeakMap', [new WeakMap()], 'arguments[0][0]', /^a WeakMap$/],
  ['a WeakSet', [new WeakSet()], 'arguments[0][0]', /^a WeakSet$/],
  ['a WeakRef', [new WeakRef({})], 'arguments[0][0]', /^a WeakRef$/],
  ['a generator object', { it: (function* () {})() }, 'arguments[0].it', /^a generator object \(balancer/],
  ['a Proxy', { state: new Proxy({}, {}) }, 'arguments[0].state', /^a Proxy$/],
  ['a detached buffer', { bytes: detached() }, 'arguments[0].bytes', /^a detached ArrayBuffer$/],
  ['a port that is not transferred', { port: port1 }, 'arguments[0].port', /MessagePort/],
  [
    'a getter that throws',
    {
      get size() {
        throw new Error('no size');
      },
    },
    'arguments[0].size',
    /^a getter that throws \(no size\)$/,
  ],
  [
    'of another realm',
    runInNewContext('({ deep: { f() {} } })'),
    'arguments[0].deep.f',
    /^a function \(f\)$/,
  ],
];

/** The middle of the message. */
function whatOf(error: NotCloneableError): string {
  return error.message.slice(`${error.path} is `.length).replace(/, which.*$/s, '');
}

describe('cloneError', () => {
  it.each(REFUSED)('names the place of %s', (_title, value, path, what) => {
    let cause: unknown;
    try {
      structuredClone([value]);
    } catch (error) {
      cause = error;
    }
    expect(cause).toBeDefined();
    const error = cloneError([value], 'arguments', { cause });
    expect(error).toBeInstanceOf(NotCloneableError);
    expect(error.path).toBe(path);
    expect(error.message).toBe(
      `${path} is ${whatOf(error)}, which cannot be sent to another thread (structured clone)`,
    );
    expect(whatOf(error)).toMatch(what);
    expect(error.cause).toBe(cause);
  });

  it('leaves out what is transferred', () => {
    const channel = new MessageChannel();
    const error = cloneError([channel.port1, () => 1], 'arguments', { transfer: [channel.port1] });
    expect(error.path).toBe('arguments[1]');
    channel.port1.close();
  });

  it('blames the value as a whole where nothing can be found', () => {
    const cause = new Error('could not be cloned');
    const error = cloneError({ a: 1 }, 'the result', { cause });
    expect(error.message).toMatch(/^the result .*could not be cloned/);
  });

  it('survives values that resist being looked at', () => {
    const hostile = Object.defineProperty({}, 'constructor', {
      enumerable: true,
      get() {
        throw undefined;
      },
    });
    expect(cloneError([hostile], 'arguments').path).toBe('arguments[0].constructor');
  });

  it('ends on a very large value', () => {
    const list = Array.from({ length: 300_000 }, (_, i) => ({ i }));
    expect(cloneError([list, () => 1], 'arguments')).toBeInstanceOf(NotCloneableError);
  });

  it('ends on a very deep value', () => {
    let deep: object = { callback: () => 1 };
    for (let i = 0; i < 50_000; i++) deep = { deep };
    expect(cloneError(deep, 'the result')).toBeInstanceOf(NotCloneableError);
  });
});
