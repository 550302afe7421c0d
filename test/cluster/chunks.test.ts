import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Cluster } from 'leastwork/cluster';
import { beforeAll, expect, test } from 'vitest';
import { onEachEngine, work } from '../support/cluster.js';
import { collect } from '../support/collect.js';
import { range } from '../support/range.js';
import { scratch } from '../support/scratch.js';

const folder = scratch('chunks');
let files = 0;
const fresh = (): string => path.join(folder, String(++files));
/** How often each item has run. */
const runsOf = (file: string): number[] => {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1).map(Number);
  return lines.reduce<number[]>((runs, n) => {
    runs[n] = (runs[n] ?? 0) + 1;
    return runs;
  }, []);
};

onEachEngine((site) => {
  beforeAll(() => site.share(() => site.machine({ balancer: { workers: 2 } })));

  test('all that a task may return comes back from one chunk', async () => {
    const cluster = site.cluster();
    const values = [
      undefined,
      null,
      1,
      'a',
      { $: [null] },
      [null, undefined],
      new Date(5),
      { $: ['thrown', '1'] },
      -0,
      undefined,
    ];
    expect(await collect(cluster.map(values, work.same, { batch: values.length }))).toStrictEqual(values);
    const nothing = range(0, 500).map(() => undefined);
    expect(await collect(cluster.map(nothing, work.same, { batch: 250 }))).toEqual(nothing);
    // Cut into slices of which the last one alone has a result.
    const late = [...nothing, 'last'];
    expect(await collect(cluster.map(late, work.same, { batch: late.length }))).toEqual(late);
  });

  test('objects are written when they are taken, and results when they are returned', async () => {
    const one = { n: 0 };
    function* same(): Generator<{ n: number }> {
      for (one.n = 0; one.n < 5; one.n++) yield one;
    }
    const results = await collect(site.cluster().map(same(), work.lastItem, { batch: 5 }));
    expect(results).toEqual(range(0, 5).map((n) => ({ n })));
  });

  /** Then the machine knows that they are short, and sends them to a thread together. */
  const warm = (cluster: Cluster) =>
    collect(
      cluster.map(
        range(0, 50).map((n) => ({ n, file: fresh() })),
        work.noteItem,
        { batch: 50 },
      ),
    );

  test('an item whose time is up fails alone, and does not run again', async () => {
    const cluster = site.cluster();
    const file = fresh();
    const items = range(0, 8).map((n) => ({ n, file, hangs: n === 3 }));
    await warm(cluster);
    const outcomes = await collect(
      cluster.mapSettled(items, work.noteItem, { batch: 8, submit: { timeout: 500 } }),
    );
    for (const { index, ...outcome } of outcomes)
      expect(outcome).toMatchObject(
        index === 3
          ? { reason: { code: 'ERR_TASK_TIMEOUT', timeout: 500, message: /'work\/noteItem'/ } }
          : { value: index },
      );
    const runs = runsOf(file);
    expect(runs[3]).toBe(1);
    expect(Math.max(...runs)).toBeLessThanOrEqual(2);
  });

  test('an item that ends its thread fails alone; those that were lost with it run again', async () => {
    const cluster = site.cluster();
    const file = fresh();
    const items = range(0, 8).map((n) => ({ n, file, exits: n === 3 }));
    await warm(cluster);
    const outcomes = await collect(cluster.mapSettled(items, work.noteItem, { batch: 8 }));
    for (const { index, ...outcome } of outcomes)
      expect(outcome).toMatchObject(
        index === 3
          ? { reason: { code: 'ERR_WORKER_CRASHED', taskName: 'work/noteItem' } }
          : { value: index },
      );
    const runs = runsOf(file);
    expect(runs[3]).toBe(3);
    expect(Math.max(...runs.filter((_, n) => n !== 3))).toBeLessThanOrEqual(2);
  });

  test('retries: 0: no item of a chunk runs twice', async () => {
    const file = fresh();
    const items = range(0, 20).map((n) => ({ n, file, exits: n % 7 === 3 }));
    const outcomes = await collect(
      site.cluster().mapSettled(items, work.noteItem, { batch: 20, submit: { retries: 0 } }),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(
      items.map(({ exits }) => (exits ? 'rejected' : 'fulfilled')),
    );
    expect(runsOf(file)).toEqual(items.map(() => 1));
  });

  test('results that are long together come in parts, in order', async () => {
    const cluster = site.cluster({ maxPayload: 20_000 });
    const lengths = range(0, 60).map((n) => 1_000 + n);
    const results = await collect(cluster.map(lengths, work.text, { batch: 60 }));
    expect(results.map((text) => text.length)).toEqual(lengths);
  });
});
