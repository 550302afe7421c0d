import { beforeAll, expect, test } from 'vitest';
import { onEachEngine, work } from '../support/cluster.js';
import { collect } from '../support/collect.js';
import { range } from '../support/range.js';

onEachEngine((site) => {
  beforeAll(() => site.share(() => site.machine()));

  test('numbers, texts, objects and holes in one array come back in their places', async () => {
    const items: unknown[] = range(0, 40).map((n) => (n % 3 === 0 ? { n } : n % 3 === 1 ? n : `text ${n}`));
    delete items[5];
    items.push(undefined, null, Number.NaN, 1n);
    const cluster = site.cluster();
    for (const batch of [1, 7, 100]) {
      const results = await collect(cluster.map(items, work.same, { batch }));
      expect(results).toStrictEqual(Array.from(items));
    }
  });

  test('an array may change ahead of what was taken, and grow', async () => {
    const items = range(0, 100);
    const results: number[] = [];
    // Few chunks are taken before the first result is there.
    const cluster = site.cluster({ maxQueue: 4 });
    for await (const result of cluster.map(items, work.same, { batch: 5 })) {
      if (results.push(result) > 1) continue;
      items[0] = -1;
      items[99] = -2;
      items.push(-3);
    }
    expect(results).toEqual([...range(0, 99), -2, -3]);
  });

  test('an array that has an iterator of its own is read through it', async () => {
    class Backwards extends Array<number> {
      override [Symbol.iterator]() {
        return Array.from({ length: this.length }, (_, i) => this[this.length - 1 - i] as number).values();
      }
    }
    const own = Object.assign([1, 2, 3], {
      *[Symbol.iterator]() {
        yield 7;
      },
    });
    const cluster = site.cluster();
    expect(await collect(cluster.map(Backwards.from([1, 2, 3]), work.same, { batch: 2 }))).toEqual([3, 2, 1]);
    expect(await collect(cluster.map(own as number[], work.same))).toEqual([7]);
  });

  test.for([5, null, undefined])('a source whose iterator gives %s fails', async (step) => {
    const iterator = { next: () => step } as unknown as Iterator<number>;
    const later = { next: async () => step } as unknown as AsyncIterator<number>;
    const cluster = site.cluster();
    for (const source of [{ [Symbol.iterator]: () => iterator }, { [Symbol.asyncIterator]: () => later }]) {
      const failing = collect(cluster.map(source, work.same));
      await expect(failing).rejects.toThrow(
        new TypeError(`map(source): Iterator result ${step} is not an object`),
      );
    }
  });

  test('texts that are too long for one job travel in several', async () => {
    const texts = range(0, 60).map((n) => 'x'.repeat(1_000 + n));
    const cluster = site.cluster({ maxPayload: 20_000 });
    expect(await collect(cluster.map(texts, work.same, { batch: 60 }))).toEqual(texts);
  });

  test('of long items so many are taken ahead as fill some megabytes', async () => {
    const length = 10_000;
    let taken = 0;
    function* texts() {
      for (; taken < 6_000; taken++) yield 'x'.repeat(length);
    }
    let given = 0;
    let most = 0;
    for await (const size of site.cluster().map(texts(), work.length)) {
      expect(size).toBe(length);
      most = Math.max(most, taken - given++);
    }
    expect(given).toBe(6_000);
    expect(most * length).toBeLessThan(24e6);
  });
});
