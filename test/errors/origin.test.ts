import { Balancer } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { withBalancer } from '../support/balancer.js';

const HERE = /origin\.test\.ts:\d+:\d+/;
const fail = async (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => expect.unreachable(),
    (error: Error) => error,
  );

/** Awaits elsewhere, so that the stack of the awaiting function does not show the place. */
const later = (promise: Promise<unknown>): Promise<Error> => {
  promise.catch(() => {});
  return new Promise((resolve) => setImmediate(() => resolve(fail(promise))));
};

describe('an inline function', () => {
  it('says in the stacks of its errors where it was first submitted', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      const thrown = balancer.submit(function boom() {
        throw new RangeError('boom');
      });
      const { stack } = await later(thrown);
      const frames = stack!.split('\n').slice(1, 3);
      expect(frames[0]).toMatch(/at boom \(.*\/inline:boom:/);
      expect(frames[1]).toMatch(/^ {4}at first submit \(/);
      expect(frames[1]).toMatch(HERE);
    }));

  it('does not say it twice', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      let error: Error | undefined;
      try {
        // biome-ignore format: both on one line
        await balancer.submit(() => { throw new Error('here'); });
      } catch (thrown) {
        error = thrown as Error;
      }
      expect(error?.stack).not.toContain('first submit');
      expect(error?.stack).toMatch(HERE);
    }));

  it('says it in messages about its runs', () =>
    withBalancer({ workers: 1, grace: 0 }, async (balancer) => {
      const crash = await later(balancer.submit(() => process.exit(1)));
      expect(crash.message).toMatch(/exit code 1 \(first submitted at .*origin\.test\.ts:\d+:\d+\)$/);
      const late = await later(balancer.submit(() => new Promise(() => {}), [], { timeout: 5 }));
      expect(late.message).toMatch(/ms \(first submitted at .*origin\.test\.ts:\d+:\d+\)$/);
    }));

  it('says it for the items of a map', () =>
    withBalancer({ workers: 1 }, async (balancer) => {
      const bad = (n: number) => {
        if (n === 3) throw new Error('three');
        return n;
      };
      const map = balancer.mapSettled([1, 2, 3], bad, { batch: 3 });
      const outcomes = [];
      for await (const outcome of map) outcomes.push(outcome);
      expect(outcomes[2]).toMatchObject({ status: 'rejected' });
      expect((outcomes[2] as { reason: Error }).reason.stack).toMatch(
        /at first submit \(.*origin\.test\.ts:/,
      );
    }));

  it('is looked for a bounded number of times', async () => {
    await using balancer = new Balancer({ workers: 1 });
    const capture = Error.captureStackTrace;
    let captured = 0;
    Error.captureStackTrace = (target: object, below?: never) => {
      captured++;
      capture(target, below);
    };
    try {
      for (let i = 0; i < 1_100; i++) await balancer.submit(new Function(`return ${i}`) as () => number);
    } finally {
      Error.captureStackTrace = capture;
    }
    expect(captured).toBeLessThanOrEqual(1_001);
    expect(captured).toBeGreaterThan(0);
  });
});
