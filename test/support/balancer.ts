import { Balancer, type BalancerOptions } from 'leastwork';
import { expect } from 'vitest';

/** Enough memory for the tests of faults, and no more: one of their tasks uses all of it. */
const resourceLimits = { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 8 };

/** Runs a test with a Balancer; closes it, and checks that nothing is left over. */
export async function withBalancer<T>(
  options: BalancerOptions,
  test: (balancer: Balancer) => Promise<T>,
): Promise<T> {
  const balancer = new Balancer(options);
  let result: T;
  try {
    result = await test(balancer);
  } catch (error) {
    // A failed assertion may have left a task at its gate for ever.
    await balancer.close({ timeout: 0 });
    throw error;
  }
  await balancer.close();
  const { queued, running, pending, submitted, outcomes, workers } = balancer.stats();
  expect({ queued, running, pending, workers }).toEqual({ queued: 0, running: 0, pending: 0, workers: [] });
  expect(Object.values(outcomes).reduce((sum, count) => sum + count, 0)).toBe(submitted);
  return result;
}

/** `withBalancer` with one worker, a fixed window and little memory, unless the options say otherwise. */
export function withSmallBalancer<T>(
  options: BalancerOptions,
  test: (balancer: Balancer) => Promise<T>,
): Promise<T> {
  return withBalancer({ workers: 1, window: 8, resourceLimits, ...options }, test);
}
