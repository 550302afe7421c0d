import type { Balancer } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withBalancer } from '../support/balancer.js';

const refused = (path: string, what: RegExp) => ({
  code: 'ERR_NOT_CLONEABLE',
  path,
  message: expect.stringMatching(what),
});

const echo = (value: unknown) => value;

/** Objects whose contents structured clone loses in silence, in some version of Node or in all of them. */
const emptied: [string, () => object, RegExp][] = [
  ['URL', () => new URL('http://a/'), /is a URL \(its href can be sent\)/],
  ['URLSearchParams', () => new URLSearchParams('a=1'), /is a URLSearchParams \(its text/],
  ['Headers', () => new Headers({ a: '1' }), /is a Headers \(its entries/],
  ['FormData', () => new FormData(), /is a FormData \(its entries/],
  ['Request', () => new Request('http://a/'), /is a Request \(what is needed of it/],
  ['Response', () => new Response('text'), /is a Response \(what is needed of it/],
  ['AbortController', () => new AbortController(), /is an AbortController \(its signal/],
  ['TextEncoder', () => new TextEncoder(), /is a TextEncoder,/],
  ['EventTarget', () => new EventTarget(), /is an EventTarget,/],
];

describe('objects that would arrive empty', () => {
  it.each(emptied)('%s is refused by name, wherever it is', (_, make, what) =>
    withBalancer({ workers: 1 }, async (balancer) => {
      const submit = (value: unknown) => balancer.submit(echo, [value]);
      await expect(submit(make())).rejects.toMatchObject(refused('arguments[0]', what));
      await expect(submit({ a: [1, make()] })).rejects.toMatchObject(refused('arguments[0].a[1]', what));
      await expect(submit(new Map([['k', make()]]))).rejects.toMatchObject(
        refused("arguments[0].get('k')", what),
      );
      const context = balancer.submit(echo, [1], { context: { of: make() } });
      await expect(context).rejects.toMatchObject(refused('submit options.context.of', what));
    }),
  );

  it('are refused as results and yielded values', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      const url = /is a URL/;
      await expect(balancer.submit(() => new URL('http://a/'))).rejects.toMatchObject(
        refused('the result', url),
      );
      await expect(balancer.submit(() => [{ of: new URL('http://a/') }])).rejects.toMatchObject(
        refused('the result[0].of', url),
      );
      const stream = balancer.stream(function* () {
        yield new URL('http://a/');
      });
      await expect(stream.next()).rejects.toMatchObject(refused('the yielded value', url));
    }));

  it('fail alone among the items of a map', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      const statuses: string[] = [];
      const items = [1, new URL('http://a/'), 3];
      for await (const { status } of balancer.mapSettled(items, echo, { batch: 3 })) statuses.push(status);
      expect(statuses).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    }));

  it('leave alone what arrives whole, and instances of classes without a tag', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      class Marker {}
      expect(await balancer.submit(echo, [new Marker()])).toEqual({});
      const blob = (await balancer.submit(echo, [new Blob(['abc'])])) as Blob;
      expect(await blob.text()).toBe('abc');
      const stream = new ReadableStream();
      const isStream = (value: unknown) => value instanceof ReadableStream;
      expect(await balancer.submit(isStream, [stream], { transfer: [stream] })).toBe(true);
    }));
});

describe('promises', () => {
  const promised = /is a Promise \(await it first\)/;

  async function outcomesOf(balancer: Balancer, items: Iterable<unknown>) {
    const outcomes = [];
    for await (const outcome of balancer.mapSettled(items, echo)) outcomes.push(outcome);
    return outcomes;
  }

  it('are refused as arguments, as parts of them, and as items of a map alike', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      const one = Promise.resolve(1);
      await expect(balancer.submit(echo, [one])).rejects.toMatchObject(refused('arguments[0]', promised));
      await expect(balancer.submit(echo, [{ one }])).rejects.toMatchObject(
        refused('arguments[0].one', promised),
      );
      expect(await outcomesOf(balancer, [0, one])).toMatchObject([
        { status: 'fulfilled', value: 0 },
        { status: 'rejected', reason: refused('arguments[0]', promised) },
      ]);
      await expect(balancer.map([one], echo).next()).rejects.toMatchObject(refused('arguments[0]', promised));
      const session = balancer.session();
      await expect(session.submit(echo, [one])).rejects.toMatchObject(refused('arguments[0]', promised));
      session.close();
    }));

  it('are awaited by an async source', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      async function* awaited() {
        yield* [Promise.resolve(1), Promise.resolve(2)];
      }
      const values = [];
      for await (const value of balancer.map(awaited(), echo)) values.push(value);
      expect(values).toEqual([1, 2]);
    }));

  it('of another kind are refused, too: they would arrive as what they are made of', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      class Query {
        readonly table = 'users';
        // biome-ignore lint/suspicious/noThenProperty: a thenable is what is meant
        then() {}
      }
      await expect(balancer.submit(echo, [new Query()])).rejects.toMatchObject(
        refused('arguments[0]', /an object with a method 'then' \(await it first\)/),
      );
    }));
});
