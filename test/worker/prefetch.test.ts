import { describe, expect, it } from 'vitest';
import { Prefetch } from '../../dist/src/worker/prefetch.js';

describe('how much work is sent ahead', () => {
  it('is the least at first, and stays so where workers wait no longer than a hand-over takes', () => {
    const lead = new Prefetch(1.5);
    lead.missed(4, 0.09, 0);
    expect(lead.work).toBe(1.5);
  });

  it('becomes what would have lasted until the main thread came, at most 10 ms more than the least', () => {
    const lead = new Prefetch(1.5);
    lead.missed(5.5, 4, 0);
    expect(lead.work).toBe(5.5);
    expect(lead.absence).toBe(5.5);
    lead.missed(3, 1, 0);
    expect(lead.work).toBe(5.5);
    lead.missed(400, 398, 0);
    expect(lead.work).toBe(11.5);
  });

  it('fades by half each second, and is gone in the end', () => {
    const lead = new Prefetch(1.5);
    lead.missed(8, 6.5, 1_000);
    lead.fade(1_050);
    expect(lead.work).toBe(8);
    for (let now = 1_000; now <= 2_000; now += 100) lead.fade(now);
    expect(lead.work).toBeCloseTo(4);
    lead.fade(4_000);
    expect(lead.absence).toBeCloseTo(1);
    expect(lead.work).toBe(1.5);
    lead.fade(60_000);
    expect(lead.absence).toBe(0);
  });

  it('without a bound stays without one', () => {
    const lead = new Prefetch(Number.POSITIVE_INFINITY);
    expect(lead.isBounded).toBe(false);
    lead.missed(5, 4, 0);
    lead.fade(1_000);
    expect(lead.work).toBe(Number.POSITIVE_INFINITY);
    expect(new Prefetch(1.5).isBounded).toBe(true);
  });
});
