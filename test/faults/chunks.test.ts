import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Balancer, tasks } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withBalancer, withSmallBalancer } from '../support/balancer.js';
import { collect } from '../support/collect.js';
import { CRASHES } from '../support/faults.js';
import { Gate } from '../support/gate.js';
import { range } from '../support/range.js';
import { scratch } from '../support/scratch.js';

interface Item {
  n: number;
  file: string;
  how?: string;
}
interface Tasks {
  run(item: Item): number;
  keep(shared: SharedArrayBuffer): void;
  waitAt(n: number): number;
}
const { run, keep, waitAt } = tasks<Tasks>(new URL('../fixtures/map/tasks.mjs', import.meta.url));

/** Items of which some go another way, and a file in which each run of one is noted. */
function prepare(count: number, ways: Record<number, string>) {
  const file = join(scratch(), 'runs');
  writeFileSync(file, '');
  const items: Item[] = range(0, count).map((n) =>
    ways[n] === undefined ? { n, file } : { n, file, how: ways[n] },
  );
  const runs = () => {
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1).map(Number);
    return range(0, count).map((n) => lines.filter((line) => line === n).length);
  };
  return { items, runs };
}

/** Values as they are, failures by their code. */
async function outcomesOf(balancer: Balancer, items: Item[], options: object): Promise<unknown[]> {
  const outcomes = await collect(balancer.mapSettled(items, run, options));
  expect(outcomes.map(({ index }) => index)).toEqual(range(0, items.length));
  return outcomes.map((outcome) =>
    outcome.status === 'fulfilled'
      ? outcome.value
      : ((outcome.reason as { code?: unknown }).code ?? outcome.reason),
  );
}

describe('a thread that dies in the middle of a chunk', () => {
  it.each(CRASHES)('fails the item that was running, and no other: $how', ({ how, exitCode }) =>
    withSmallBalancer({}, async (balancer) => {
      const { items, runs } = prepare(24, { 5: how });
      const outcomes = await collect(balancer.mapSettled(items, run, { batch: 8 }));
      for (const [n, outcome] of outcomes.entries()) {
        if (n !== 5) expect(outcome).toEqual({ status: 'fulfilled', index: n, item: items[n], value: 2 * n });
        else expect(outcome).toMatchObject({ reason: { code: 'ERR_WORKER_CRASHED', exitCode } });
      }
      expect(runs()).toEqual(Array(24).fill(1));
    }),
  );

  it('several of one chunk, the first and the last among them', () =>
    withBalancer({ workers: 2 }, async (balancer) => {
      const { items, runs } = prepare(12, { 0: 'exit', 3: 'exit', 11: 'exit' });
      const outcomes = await outcomesOf(balancer, items, { batch: 12 });
      const wanted = range(0, 12).map((n) => ([0, 3, 11].includes(n) ? 'ERR_WORKER_CRASHED' : n * 2));
      expect(outcomes).toEqual(wanted);
      expect(runs()).toEqual(Array(12).fill(1));
    }));

  it('with `retries` the item that was running is run again, and only that', () =>
    withBalancer({ workers: 1, retries: 1 }, async (balancer) => {
      const { items, runs } = prepare(12, { 4: 'exit' });
      const outcomes = await outcomesOf(balancer, items, { batch: 12 });
      expect(outcomes[4]).toBe('ERR_WORKER_CRASHED');
      expect(runs()).toEqual(range(0, 12).map((n) => (n === 4 ? 2 : 1)));
      expect(balancer.stats()).toMatchObject({ completed: 12, failed: 1, retried: 1 });
    }));

  it('however many `retries`: after three threads it is given to no further one', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      const { items, runs } = prepare(6, { 2: 'exit' });
      const outcomes = await outcomesOf(balancer, items, { batch: 6, submit: { retries: 100 } });
      expect(outcomes[2]).toBe('ERR_WORKER_CRASHED');
      expect(runs()[2]).toBe(3);
    }));

  it('results that do not fit shared memory are not lost either', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      const ways = { 0: 'bytes', 1: 'throw', 2: 'uncloneable', 3: 'later', 5: 'exit', 6: 'bytes' };
      const { items, runs } = prepare(8, ways);
      const outcomes = await outcomesOf(balancer, items, { batch: 8 });
      const wanted = [
        Buffer.from([0]),
        'E_ITEM',
        'ERR_NOT_CLONEABLE',
        6,
        8,
        'ERR_WORKER_CRASHED',
        Buffer.from([6]),
        14,
      ];
      expect(outcomes).toEqual(wanted);
      expect(runs()).toEqual(Array(8).fill(1));
    }));
});

describe('an item of a chunk whose time is up', () => {
  it('fails alone; what is left runs elsewhere, once', () =>
    withBalancer({ workers: 1, grace: 0 }, async (balancer) => {
      const { items, runs } = prepare(10, { 3: 'hang' });
      const outcomes = await outcomesOf(balancer, items, { batch: 10, submit: { timeout: 500 } });
      expect(outcomes).toEqual(range(0, 10).map((n) => (n === 3 ? 'ERR_TASK_TIMEOUT' : n * 2)));
      expect(runs()).toEqual(Array(10).fill(1));
    }));

  it('the time is that of one item, not of those that travel with it', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      const task = (n: number) => {
        const until = performance.now() + 30;
        while (performance.now() < until);
        return n;
      };
      const results = balancer.map(range(0, 40), task, { batch: 40, submit: { timeout: 600 } });
      expect(await collect(results)).toEqual(range(0, 40));
    }));

  it('one that ends by itself in its grace keeps the thread, and the rest of the chunk goes on there', () =>
    withBalancer({ workers: 1, grace: Number.POSITIVE_INFINITY }, async (balancer) => {
      const signalOf = '[Symbol.for("leastwork.context")].signal';
      const task = new Function(
        'n',
        `while (n === 2 && !globalThis${signalOf}.aborted); return [n, process.pid + globalThis${signalOf}.aborted]`,
      ) as (n: number) => [number, number];
      const options = { batch: 5, submit: { timeout: 500 } } as const;
      const outcomes = await collect(balancer.mapSettled(range(0, 5), task, options));
      expect(outcomes.map(({ status }) => status).indexOf('rejected')).toBe(2);
      // The signal of the next item is its own.
      expect(outcomes[3]).toMatchObject({ value: [3, process.pid] });
      expect(outcomes).toHaveLength(5);
      await balancer.submit(() => {});
      expect(balancer.stats().workers.map(({ completed }) => completed)).toEqual([6]);
    }));
});

describe('a chunk that runs on', () => {
  it('gives its outcomes on the way', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      const gate = new Gate();
      await balancer.submit(keep, [gate.shared]);
      const results = balancer.map([...range(0, 5), -1, 6], waitAt, { batch: 7 });
      // The item behind them waits: they were given before the chunk was over.
      for (const n of range(0, 5)) expect((await results.next()).value).toBe(n);
      gate.open();
      expect(await collect(results)).toEqual([-1, 6]);
    }));
});
