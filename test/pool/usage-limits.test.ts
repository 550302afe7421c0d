import { describe, expect, it } from 'vitest';
import { UsageLimits } from '../../dist/src/pool/usage-limits.js';
import type { Worker } from '../../dist/src/worker/worker.js';

const NONE = Number.POSITIVE_INFINITY;

/** A worker that has completed so many requests. */
function worker(maxRequests: number, completed = 0, heapUsed = 0) {
  const made = {
    completed,
    pending: 0,
    vitalSigns: { heapUsed },
    status: {
      get allowance() {
        return maxRequests - made.completed - made.pending;
      },
    },
  };
  return made as unknown as typeof made & Worker;
}

describe('usage limits', () => {
  it('are not set where both are infinite', () => {
    expect(new UsageLimits(NONE, NONE).areSet).toBe(false);
    expect(new UsageLimits(1, NONE).areSet).toBe(true);
    expect(new UsageLimits(NONE, 1).areSet).toBe(true);
  });

  it('a worker is spent when it has completed as many requests', () => {
    const limits = new UsageLimits(3, NONE);
    expect([2, 3, 4].map((completed) => limits.isSpent(worker(3, completed)))).toEqual([false, true, true]);
  });

  it('a successor is needed when all has been sent, or the heap is too large', () => {
    const limits = new UsageLimits(3, 100);
    const used = worker(3);
    expect(limits.isNear(used, 0)).toBe(false);
    used.pending = 3;
    expect(limits.isNear(used, 0)).toBe(true);
    expect(limits.isNear(worker(3, 0, 100), 0)).toBe(false);
    expect(limits.isNear(worker(3, 0, 101), 0)).toBe(true);
  });

  it('and when the rest will be completed before one is up', () => {
    const limits = new UsageLimits(1000, NONE);
    const used = worker(1000);
    limits.isNear(used, 0);
    // One each ms, and a thread takes 50 ms to come up.
    used.completed = 900;
    expect(limits.isNear(used, 900)).toBe(false);
    used.completed = 950;
    expect(limits.isNear(used, 950)).toBe(true);
    // Threads take 130 ms now.
    for (let i = 0; i < 50; i++) limits.noteStart(130);
    const other = worker(1000);
    limits.isNear(other, 0);
    other.completed = 860;
    expect(limits.isNear(other, 860)).toBe(false);
    other.completed = 880;
    expect(limits.isNear(other, 880)).toBe(true);
  });

  it('but not for a worker that is hardly used: the rate is that of late', () => {
    const limits = new UsageLimits(100, NONE);
    const used = worker(100, 90);
    for (let now = 0; now < 5_000; now += 1_000) {
      expect(limits.isNear(used, now)).toBe(false);
      used.completed++;
    }
  });
});
