import { expect, test } from 'vitest';
import { LastRuns } from '../../dist/src/cluster/last-runs.js';

/** A promise, and what settles it. */
function open<T>(): { promise: Promise<T>; resolve(value: T): void; reject(error: unknown): void } {
  let settle!: Pick<ReturnType<typeof open<T>>, 'resolve' | 'reject'>;
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle };
}

/** After all microtasks. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test('a last run begins when all jobs have come that were on their way, and those on their last run are back', async () => {
  const arrived = open<void>();
  const back = open<never>();
  const runs = new LastRuns(() => arrived.promise);
  const events: string[] = [];
  const never = () => Promise.reject(new Error('it must not go back'));
  const mustNotRun = () => Promise.reject(new Error('it must not run'));
  const first = runs.run(async () => events.push('first runs'), never);
  await turn();
  const second = runs.run(mustNotRun, (ms) => {
    events.push(`second goes back for ${ms} ms`);
    return back.promise;
  });
  arrived.resolve();
  await turn();
  expect(events).toEqual(['second goes back for 100 ms']);
  back.reject(new Error('back'));
  await expect(second).rejects.toThrow('back');
  await first;
  expect(events).toEqual(['second goes back for 100 ms', 'first runs']);
  // The next one is not kept back by those that are gone.
  await runs.run(async () => events.push('third runs'), never);
  expect(events.at(-1)).toBe('third runs');
});
