import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { SharedSource } from '../../../dist/src/cli/hash/shared-source.js';

async function* upTo(count: number) {
  for (let n = 0; n < count; n++) yield n;
}

async function takeAll(source: SharedSource<number>, into: number[], turns: boolean): Promise<void> {
  for (let next = await source.take(); next !== undefined; next = await source.take()) {
    into.push(next);
    if (turns) await turn();
  }
}

it.each([0, 1, 2, 3, 15, 16, 17, 31, 32, 33, 100])(
  '%i: nothing is lost or given twice, whoever comes to the end first',
  async (count) => {
    for (const turns of [false, true]) {
      const source = new SharedSource(upTo(count));
      const taken: number[] = [];
      // The taker comes before the first look ahead, as the main thread does.
      const taking = takeAll(source, taken, turns);
      expect(await source.lookAhead(1_000, 60_000)).toBe(false);
      await taking;
      expect(taken.sort((a, b) => a - b)).toEqual([...Array(count).keys()]);
      expect(source.isEmpty).toBe(true);
      await source.ended;
    }
  },
);

it('several share it', async () => {
  const source = new SharedSource(upTo(200));
  const taken: number[] = [];
  const takers = [takeAll(source, taken, true), takeAll(source, taken, false)];
  expect(await source.lookAhead(50, 60_000)).toBe(true);
  await Promise.all([...takers, takeAll(source, taken, true)]);
  expect(taken.sort((a, b) => a - b)).toEqual([...Array(200).keys()]);
});

it('fails whoever meets the failure', async () => {
  async function* source() {
    yield 0;
    throw new Error('unreadable');
  }
  const shared = new SharedSource<number>(source());
  expect(await shared.take()).toBe(0);
  await expect(shared.take()).rejects.toThrow('unreadable');
});
