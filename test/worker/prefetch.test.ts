import { describe, expect, it } from 'vitest';
import { Prefetch } from '../../dist/src/worker/prefetch.js';

describe('how much work is sent ahead', () => {
  it('is the least at first, and stays so where workers wait no longer than a hand-over takes', () => {
    const prefetch = new Prefetch(1.5);
    prefetch.ranDry(4, 0.09, 0);
    expect(prefetch.work).toBe(1.5);
  });

  it('becomes what would have lasted until the main thread came, at most 10 ms more than the least', () => {
    const prefetch = new Prefetch(1.5);
    prefetch.ranDry(5.5, 4, 0);
    expect(prefetch.work).toBe(5.5);
    expect(prefetch.mainThreadDelay).toBe(5.5);
    prefetch.ranDry(3, 1, 0);
    expect(prefetch.work).toBe(5.5);
    prefetch.ranDry(400, 398, 0);
    expect(prefetch.work).toBe(11.5);
  });

  it('fades by half each second, and is gone in the end', () => {
    const prefetch = new Prefetch(1.5);
    prefetch.ranDry(8, 6.5, 1_000);
    prefetch.fade(1_050);
    expect(prefetch.work).toBe(8);
    for (let now = 1_000; now <= 2_000; now += 100) prefetch.fade(now);
    expect(prefetch.work).toBeCloseTo(4);
    prefetch.fade(4_000);
    expect(prefetch.mainThreadDelay).toBeCloseTo(1);
    expect(prefetch.work).toBe(1.5);
    prefetch.fade(60_000);
    expect(prefetch.mainThreadDelay).toBe(0);
  });

  it('without a bound stays without one', () => {
    const prefetch = new Prefetch(Number.POSITIVE_INFINITY);
    expect(prefetch.isBounded).toBe(false);
    prefetch.ranDry(5, 4, 0);
    prefetch.fade(1_000);
    expect(prefetch.work).toBe(Number.POSITIVE_INFINITY);
    expect(new Prefetch(1.5).isBounded).toBe(true);
  });
});
