import { describe, expect, it } from 'vitest';
import { ThreadStatus } from '../../dist/src/protocol/thread-status.js';
import { explore } from './explorer.js';
import { loadingModel } from './loading-model.js';
import { Violation } from './model.js';
import { statusMutant } from './mutant.js';

it('a request whose queue time ends while its function is loaded starts or is rejected, never both', () => {
  expect(explore(loadingModel({ ThreadStatus })).ends).toBeGreaterThan(1);
});

describe('an error in it is found', () => {
  it.each([
    ['the thread does not look', 'mayStart', /=== id/, '!== -1e9', /starts, and is rejected/],
    [
      'the thread forgets to swap',
      'mayStart',
      /Atomics\.exchange\((.*), 0\)/,
      'Atomics.load($1)',
      /has started/,
    ],
    [
      'the main thread does not swap',
      'forbidStart',
      /Atomics\.compareExchange\((.*), id, -id\)/,
      'Atomics.load($1)',
      /starts, and is rejected/,
    ],
  ] as const)('%s', async (_, method, from, to, rule) => {
    const check = async () => explore(loadingModel({ ThreadStatus: await statusMutant(method, from, to) }));
    await expect(check()).rejects.toThrow(Violation);
    await expect(check()).rejects.toThrow(rule);
  });

  it('the main thread only looks whether the function is being loaded', () => {
    const check = () => explore(loadingModel({ ThreadStatus, looksFirst: true }));
    expect(check).toThrow(Violation);
  });
});
