import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Balancer, type RequestMessage } from 'leastwork';
import { describe, expect, it } from 'vitest';
import { SubmitClock } from '../../dist/src/calls/submit-clock.js';
import { performance } from '../../dist/src/protocol/clock.js';

const MOST = 64;

/** Takes the thread for so many ms. */
function spend(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('the clock of submits', () => {
  it('shares a reading between those that come right after one another, never among more than 64', () => {
    const clock = new SubmitClock();
    const times = Array.from({ length: 10_000 }, () => clock.now(1) as number);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const shared = new Map<number, number>();
    for (const time of times) shared.set(time, (shared.get(time) ?? 0) + 1);
    expect(Math.max(...shared.values())).toBeGreaterThan(1);
    expect(Math.max(...shared.values())).toBeLessThanOrEqual(MOST);
  });

  it('knows the time again soon after a caller that has taken its own', () => {
    const clock = new SubmitClock();
    for (let i = 0; i < 1_000; i++) clock.now(1);
    spend(2);
    const then = performance.now();
    const times = Array.from({ length: MOST }, () => clock.now(1) as number);
    expect(times.at(-1)).toBeGreaterThanOrEqual(then);
  });

  it('has a reading for each where each call takes its time', () => {
    const clock = new SubmitClock();
    for (let i = 0; i < 1_000; i++) clock.now(1);
    for (let i = 0; i < 3 * MOST; i++) {
      spend(0.1);
      const before = performance.now();
      const at = clock.now(1);
      if (i >= MOST) expect(at).toBeGreaterThanOrEqual(before);
    }
  });

  it('reads anew in another turn, and when it has expired', () => {
    const clock = new SubmitClock();
    for (let i = 0; i < 1_000; i++) clock.now(1);
    const next = performance.now();
    expect(clock.now(2)).toBeGreaterThanOrEqual(next);
    for (let i = 0; i < 1_000; i++) clock.now(2);
    clock.expire();
    const expired = performance.now();
    expect(clock.now(2)).toBeGreaterThanOrEqual(expired);
  });
});

it('requests of a later turn are not taken for those of a burst, nor refused ones for those before', async () => {
  const messages: RequestMessage[] = [];
  const listener = (message: unknown) => void messages.push(message as RequestMessage);
  subscribe('tracing:leastwork:request:start', listener);
  try {
    await using balancer = new Balancer({ workers: 1, window: 1, maxQueue: 10 });
    for (let i = 0; i < 3; i++) {
      const burst = await Promise.allSettled(Array.from({ length: 6_000 }, () => balancer.submit(() => 1)));
      expect(burst.some(({ status }) => status === 'rejected')).toBe(true);
      const before = performance.now();
      await balancer.submit(() => 1);
      expect(messages.at(-1)?.queuedAt).toBeGreaterThanOrEqual(before);
    }
  } finally {
    unsubscribe('tracing:leastwork:request:start', listener);
  }
});
