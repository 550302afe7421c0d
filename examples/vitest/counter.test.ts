import { afterAll, beforeAll, expect, test } from 'vitest';
import { WordCounter } from './counter.js';

// One for all tests: threads take some 40 ms to start.
let counter: WordCounter;
beforeAll(() => {
  counter = new WordCounter();
});
afterAll(() => counter.close());

test('counts words in a thread', async () => {
  expect(await counter.count('To be, or not to be')).toStrictEqual({ to: 2, be: 2, or: 1, not: 1 });
});

test('an aborted call rejects with the reason', async () => {
  const signal = AbortSignal.abort(new Error('no longer needed'));
  await expect(counter.count('text', { signal })).rejects.toThrow('no longer needed');
});
