import { expect, test } from 'vitest';
import { type Time, Turns } from '../../dist/src/cluster/turns.js';

/** Time that passes when all else is done. */
class Simulation implements Time {
  #now = 0;
  readonly #timers: { readonly at: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): NodeJS.Timeout {
    this.#timers.push({ at: this.#now + ms, callback });
    return undefined as never;
  }

  async run(until: number): Promise<void> {
    for (;;) {
      await new Promise(setImmediate);
      this.#timers.sort((a, b) => a.at - b.at);
      const next = this.#timers[0];
      if (next === undefined || next.at > until) break;
      this.#timers.shift();
      this.#now = next.at;
      next.callback();
    }
    this.#now = until;
  }
}

/** Runs jobs of so many ms, of which there are always more. @returns how many ran at a time, on average */
async function measured(
  average: number,
  ms: number,
): Promise<{ readonly mean: number; readonly most: number }> {
  const time = new Simulation();
  const turns = new Turns(() => average, time);
  let running = 0;
  let most = 0;
  let done = 0;
  const run = async (): Promise<void> => {
    most = Math.max(most, ++running);
    await new Promise<void>((resolve) => time.after(ms, resolve));
    running--;
    done++;
  };
  const lane = async (): Promise<void> => {
    for (;;) await turns.take(run);
  };
  for (let i = 0; i < 5; i++) void lane();
  const length = 100 * ms;
  await time.run(length);
  return { mean: (done * ms) / length, most };
}

test.each([
  [1, 20],
  [3, 20],
  [0.33, 2],
  [0.5, 20],
  [0.9, 200],
  [1.5, 20],
  [2.25, 700],
])('of %f so many run on average, with jobs of %i ms', async (average, ms) => {
  const { mean, most } = await measured(average, ms);
  expect(mean).toBeGreaterThan(0.93 * average);
  expect(mean).toBeLessThan(1.07 * average);
  expect(most).toBe(Math.ceil(average));
});

test('less than one pauses for a second at most', async () => {
  const time = new Simulation();
  const turns = new Turns(() => 0.1, time);
  const long = turns.take(() => new Promise<void>((resolve) => time.after(60_000, resolve)));
  await time.run(60_000);
  await long;
  expect(turns.pause).toBe(1_000);
  let hasBegun = false;
  void turns.take(async () => {
    hasBegun = true;
  });
  await time.run(60_999);
  expect(hasBegun).toBe(false);
  await time.run(61_002);
  expect(hasBegun).toBe(true);
});

test('what could have run does not count for long', async () => {
  const time = new Simulation();
  const turns = new Turns(() => 0.5, time);
  await time.run(1_000_000);
  const job = turns.take(() => new Promise<void>((resolve) => time.after(100, resolve)));
  await time.run(1_000_100);
  await job;
  // It has used 50 ms more than its part; 25 of them were kept.
  expect(turns.pause).toBe(50);
});
