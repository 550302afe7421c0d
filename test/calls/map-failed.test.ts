import type { Balancer } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withBalancer } from '../support/balancer.js';
import { range } from '../support/range.js';

const two = (test: (balancer: Balancer) => Promise<void>) => withBalancer({ workers: 2 }, test);

/** What the iteration threw, and what it says of it. */
async function failureOf<R>(results: AsyncIterable<R> & { readonly failed: unknown }) {
  try {
    for await (const _ of results);
  } catch (error) {
    return { error: error as { index?: unknown; item?: unknown }, failed: results.failed };
  }
  throw new Error('nothing was thrown');
}

describe('the error of a map says which item it is of', () => {
  it.each([1, 5, 'auto'] as const)('and is the one that was thrown (batch: %s)', (batch) =>
    two(async (balancer) => {
      const items = range(0, 50).map((n) => `line ${n}`);
      const task = (line: string) => {
        if (line.endsWith('23')) throw Object.assign(new SyntaxError('bad line'), { code: 'E_LINE' });
        return line.length;
      };
      const results = balancer.map(items, task, { batch });
      const { error, failed } = await failureOf(results);
      expect(error).toBeInstanceOf(SyntaxError);
      expect(error).toMatchObject({ message: 'bad line', code: 'E_LINE', index: 23, item: 'line 23' });
      expect(Object.keys(error)).toEqual(['code']);
      expect(failed).toEqual({ index: 23, item: 'line 23' });
    }),
  );

  it('what is no object, too', () =>
    two(async (balancer) => {
      const task = (n: number) => {
        if (n === 2) throw 'a text';
      };
      const { error, failed } = await failureOf(balancer.map([0, 1, 2], task, { batch: 3 }));
      expect(error).toBe('a text');
      expect(failed).toEqual({ index: 2, item: 2 });
    }));

  it('an error with an `index` of its own keeps it', () =>
    two(async (balancer) => {
      const task = () => {
        throw Object.assign(new Error('own'), { index: 'mine' });
      };
      const { error, failed } = await failureOf(balancer.map([7], task));
      expect(error.index).toBe('mine');
      expect('item' in error).toBe(false);
      expect(failed).toEqual({ index: 0, item: 7 });
    }));

  it('a worker that died, and a timeout', () =>
    two(async (balancer) => {
      const crash = (n: number) => (n === 4 ? process.exit(3) : n);
      const { error } = await failureOf(balancer.map(range(0, 9), crash, { batch: 3 }));
      expect(error).toMatchObject({ code: 'ERR_WORKER_CRASHED', exitCode: 3, index: 4, item: 4 });
      const hang = (n: number) => {
        while (n === 5);
        return n;
      };
      const options = { batch: 3, submit: { timeout: 500 } } as const;
      const late = await failureOf(balancer.map(range(0, 9), hang, options));
      expect(late.error).toMatchObject({ code: 'ERR_TASK_TIMEOUT', phase: 'run', index: 5, item: 5 });
    }));

  it('not of the source, of the signal, nor where nothing has failed', () =>
    two(async (balancer) => {
      const reason = Object.freeze(new Error('frozen'));
      const source = function* () {
        yield 1;
        throw reason;
      };
      expect(await failureOf(balancer.map(source(), (n) => n))).toEqual({ error: reason, failed: undefined });
      const signal = AbortSignal.abort(reason);
      expect(await failureOf(balancer.map([1], (n) => n, { signal }))).toEqual({
        error: reason,
        failed: undefined,
      });
      expect('index' in reason).toBe(false);
      const results = balancer.map([1], (n) => n);
      for await (const _ of results);
      expect(results.failed).toBeUndefined();
    }));
});
