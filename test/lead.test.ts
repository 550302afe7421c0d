import { describe, expect, it } from 'vitest';
import { Lead } from '../dist/src/lead.js';

describe('how much work is sent ahead', () => {
  it('is the least at first, and stays so where workers wait no longer than a hand-over takes', () => {
    const lead = new Lead(1.5);
    lead.missed(0.09, 0);
    expect(lead.work).toBe(1.5);
  });

  it('grows by what a worker has idled, at most by 10 ms; less than what is added adds nothing', () => {
    const lead = new Lead(1.5);
    lead.missed(4, 0);
    expect(lead.work).toBe(5.5);
    expect(lead.added).toBe(4);
    lead.missed(3, 0);
    expect(lead.work).toBe(5.5);
    lead.missed(400, 0);
    expect(lead.work).toBe(11.5);
  });

  it('fades by half each second, and is gone in the end', () => {
    const lead = new Lead(1.5);
    lead.missed(8, 1_000);
    lead.fade(1_050);
    expect(lead.work).toBe(9.5);
    for (let now = 1_000; now <= 2_000; now += 100) lead.fade(now);
    expect(lead.work).toBeCloseTo(5.5);
    lead.fade(4_000);
    expect(lead.work).toBeCloseTo(2.5);
    lead.fade(60_000);
    expect(lead.work).toBe(1.5);
  });

  it('without a bound stays without one', () => {
    const lead = new Lead(Number.POSITIVE_INFINITY);
    expect(lead.isBounded).toBe(false);
    lead.missed(5, 0);
    lead.fade(1_000);
    expect(lead.work).toBe(Number.POSITIVE_INFINITY);
    expect(new Lead(1.5).isBounded).toBe(true);
  });
});
