import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Balancer } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { RetryRule } from '../../dist/src/calls/map-retry.js';
import { resolveRetryOptions } from '../../dist/src/options/submit.js';
import { withBalancer } from '../support/balancer.js';
import { collect } from '../support/collect.js';
import { outputOfNode } from '../support/program.js';
import { range } from '../support/range.js';
import { scratch } from '../support/scratch.js';
import { until } from '../support/until.js';

const one = (test: (balancer: Balancer) => Promise<void>) => withBalancer({ workers: 1 }, test);

/** Notes its run; throws until it has run that often. */
const failing = ({ n, file, wanted }: { n: number; file: string; wanted: number }) => {
  const { appendFileSync, readFileSync } = process.getBuiltinModule('node:fs');
  appendFileSync(file, `${n}\n`);
  const runs = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line === String(n)).length;
  if (runs < wanted) throw Object.assign(new RangeError(`run ${runs} of ${n}`), { runs });
  return runs;
};

function prepare(wanted: (n: number) => number, count = 10) {
  const file = join(scratch(), 'runs');
  writeFileSync(file, '');
  return { items: range(0, count).map((n) => ({ n, file, wanted: wanted(n) })), file };
}

describe('retry', () => {
  it.each([1, 4, 'auto'] as const)(
    'runs what has thrown again, up to `attempts`; the order is kept (batch: %s)',
    (batch) =>
      one(async (balancer) => {
        const { items } = prepare((n) => (n % 3 === 0 ? 3 : 1));
        const results = await collect(
          balancer.map(items, failing, { batch, retry: { attempts: 3, delay: 1 } }),
        );
        expect(results).toEqual(items.map(({ wanted }) => wanted));
      }),
  );

  it.each([true, false])('while an item waits to run again, others run (ordered: %s)', (ordered) =>
    one(async (balancer) => {
      let taken = 0;
      const endless = function* () {
        for (;;) yield taken++;
      };
      const rejects = (n: number) => {
        if (n < 20 && n % 2 === 0) throw new Error('again');
        return n;
      };
      const retry = { attempts: 2, delay: 600_000, jitter: 0 };
      const outcomes = balancer.mapSettled(endless(), rejects, { ordered, retry });
      if (ordered) void outcomes.next();
      else void collect(outcomes);
      while (taken < 60_000) await new Promise(setImmediate);
      await outcomes.return?.();
      // In order nothing is given; what is held then has a limit.
      if (ordered) expect(taken).toBeLessThan(70_000);
    }),
  );

  it.each([true, false])('slow ones, too: more wait than may run (ordered: %s)', (ordered) =>
    one(async (balancer) => {
      let taken = 0;
      const rejects = (n: number) => {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
        if (n < 20) throw new Error('again');
      };
      const source = function* () {
        for (; ; taken++) yield taken;
      };
      const retry = { attempts: 2, delay: 600_000, jitter: 0 };
      const outcomes = balancer.mapSettled(source(), rejects, { ordered, retry });
      if (ordered) void outcomes.next();
      else void collect(outcomes);
      await until(() => taken > 40);
      await outcomes.return?.();
    }),
  );

  it('the last error counts, and says which item it is of', () =>
    one(async (balancer) => {
      const { items } = prepare((n) => (n === 2 ? 9 : 1), 4);
      const retry = { attempts: 3, delay: 0 };
      const [, , outcome] = await collect(balancer.mapSettled(items, failing, { batch: 4, retry }));
      expect(outcome).toMatchObject({
        status: 'rejected',
        index: 2,
        reason: { message: 'run 3 of 2', runs: 3 },
      });
      const again = prepare((n) => (n === 2 ? 9 : 1), 4);
      const loop = collect(balancer.map(again.items, failing, { batch: 4, retry }));
      await expect(loop).rejects.toMatchObject({ message: 'run 3 of 2', index: 2, item: again.items[2] });
    }));

  it('`when` is asked with the error and the item; what it throws ends the iteration', () =>
    one(async (balancer) => {
      const { items } = prepare((n) => (n < 2 ? 2 : 1), 4);
      const asked: unknown[] = [];
      const when = (error: unknown, item: unknown) => {
        asked.push([(error as Error).message, (item as { n: number }).n]);
        return (item as { n: number }).n === 0;
      };
      const outcomes = await collect(
        balancer.mapSettled(items, failing, { batch: 4, retry: { attempts: 5, delay: 0, when } }),
      );
      expect(outcomes.map(({ status }) => status)).toEqual([
        'fulfilled',
        'rejected',
        'fulfilled',
        'fulfilled',
      ]);
      expect(asked).toEqual([
        ['run 1 of 0', 0],
        ['run 1 of 1', 1],
      ]);
      const broken = () => {
        throw new TypeError('when');
      };
      const { items: others } = prepare(() => 2);
      const loop = collect(balancer.mapSettled(others, failing, { retry: { attempts: 2, when: broken } }));
      await expect(loop).rejects.toThrow(new TypeError('when'));
    }));

  it('a delayed item holds no worker, and no other item of its chunk', () =>
    one(async (balancer) => {
      const { items } = prepare((n) => (n === 0 ? 2 : 1), 6);
      const outcomes = balancer.mapSettled(items, failing, {
        batch: 3,
        ordered: false,
        retry: { attempts: 2, delay: 300, jitter: 0 },
      });
      const order: number[] = [];
      for await (const { index } of outcomes) {
        order.push(index);
        if (order.length === 5) expect(await balancer.submit(() => 'free')).toBe('free');
      }
      expect(order.at(-1)).toBe(0);
      expect(order.sort()).toEqual(range(0, 6));
    }));

  it('where all items are delayed, few more are taken from the source than at other times', () =>
    one(async (balancer) => {
      let asked = 0;
      const source = function* () {
        for (; ; asked++) yield asked;
      };
      const fails = () => {
        throw new Error('always');
      };
      const outcomes = balancer.mapSettled(source(), fails, { retry: { attempts: 2, delay: 2 ** 30 } });
      void outcomes.next();
      let before = -1;
      while (before !== asked) {
        before = asked;
        for (let i = 0; i < 50; i++) await balancer.submit(() => {});
      }
      expect(asked).toBeLessThan(10_000);
      await outcomes.return?.();
    }));

  it('errors that come again are not waited for: an item that cannot be sent', () =>
    one(async (balancer) => {
      const retry = { attempts: 3, delay: 2 ** 30 };
      const [outcome] = await collect(balancer.mapSettled([() => 1], (item) => item, { retry }));
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ERR_NOT_CLONEABLE' } });
    }));

  it('a run that has timed out is run again', () =>
    one(async (balancer) => {
      const { items, file } = prepare(() => 1, 3);
      const task = ({ n, file }: { n: number; file: string }) => {
        const { appendFileSync, readFileSync } = process.getBuiltinModule('node:fs');
        appendFileSync(file, `${n}\n`);
        while (
          n === 1 &&
          readFileSync(file, 'utf8')
            .split('\n')
            .filter((line) => line === '1').length < 2
        );
        return n;
      };
      const options = { batch: 3, retry: { attempts: 2, delay: 0 }, submit: { timeout: 500 } } as const;
      expect(await collect(balancer.map(items, task, options))).toEqual([0, 1, 2]);
      expect(readFileSync(file, 'utf8').split('\n').sort().join('')).toBe('0112');
    }));

  it('a delay keeps the process, as somebody waits for the outcome', async () => {
    const output = await outputOfNode([
      '--input-type=module',
      '--eval',
      `
      import { Balancer } from 'leastwork';
      const balancer = new Balancer({ workers: 1 });
      const task = () => { globalThis.runs = (globalThis.runs ?? 0) + 1; if (globalThis.runs < 2) throw 1; return 'done'; };
      for await (const each of balancer.map([1], task, { retry: { attempts: 2, delay: 200 } })) console.log(each);
      await balancer.close();
    `,
    ]);
    expect(output).toBe('done\n');
  });

  it.each([
    [{ attempts: 0 }, 'map options.retry.attempts'],
    [{ attempts: 1.5 }, 'map options.retry.attempts'],
    [{ attempts: 2, delay: -1 }, 'map options.retry.delay'],
    [{ attempts: 2, maxDelay: Number.NaN }, 'map options.retry.maxDelay'],
    [{ attempts: 2, factor: 0.5 }, 'map options.retry.factor'],
    [{ attempts: 2, jitter: 2 }, 'map options.retry.jitter'],
    [{ attempts: 2, when: 'always' }, 'map options.retry.when'],
    [{ attempts: 2, delays: 1 }, 'map options.retry.delays'],
    [3, 'map options.retry'],
  ])('%o is refused', (retry, option) =>
    one(async (balancer) => {
      const call = () => balancer.map([1], (n) => n, { retry: retry as never });
      expect(call).toThrow(expect.objectContaining({ code: 'ERR_INVALID_OPTION', option }));
    }),
  );
});

describe('the delays', () => {
  const error = new Error('any');
  it('grow by the factor up to the longest, and a part of each is drawn', () => {
    const retry = { attempts: 6, delay: 10, factor: 3, maxDelay: 200, jitter: 0.5 };
    const longest = new RetryRule(resolveRetryOptions(retry), () => 0);
    const shortest = new RetryRule(resolveRetryOptions(retry), () => 1);
    const runs = range(1, 7);
    expect(runs.map((n) => longest.delayAfter(n, error, 0))).toEqual([10, 30, 90, 200, 200, undefined]);
    expect(runs.map((n) => shortest.delayAfter(n, error, 0))).toEqual([5, 15, 45, 100, 100, undefined]);
  });

  it('by default 100 ms, doubled up to 30 s, of which half is drawn', () => {
    const rule = new RetryRule(resolveRetryOptions({ attempts: 20 }), () => 0);
    expect([1, 2, 3, 12].map((n) => rule.delayAfter(n, error, 0))).toEqual([100, 200, 400, 30_000]);
    expect(new RetryRule(resolveRetryOptions({ attempts: 2 }), () => 0.5).delayAfter(1, error, 0)).toBe(75);
  });
});
