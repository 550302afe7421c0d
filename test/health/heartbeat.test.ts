import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Heartbeat } from '../../dist/src/health/heartbeat.js';

const owing = (count: number) => ({ count, owes: true });
const free = (count: number) => ({ count, owes: false });

describe('heartbeat', () => {
  it('a worker that owes nothing is idle for ever', () => {
    const heartbeat = new Heartbeat(100, 0);
    for (let now = 0; now < 10_000; now += 25) expect(heartbeat.look(now, free(7))).toBe('idle');
  });

  it('a worker that counts is alive, however long it owes', () => {
    const heartbeat = new Heartbeat(100, 0);
    heartbeat.look(0, owing(0));
    for (let now = 90; now < 10_000; now += 90) expect(heartbeat.look(now, owing(now))).toBe('progressed');
  });

  it('is busy up to the limit, then silent, and alive again with the next count', () => {
    const heartbeat = new Heartbeat(100, 0);
    expect([0, 25, 50, 75, 100, 101].map((now) => heartbeat.look(now, owing(5)))).toEqual([
      'busy',
      'busy',
      'busy',
      'busy',
      'busy',
      'silent',
    ]);
    expect(heartbeat.look(130, owing(6))).toBe('progressed');
    expect(heartbeat.look(150, owing(6))).toBe('busy');
  });

  it('the clock starts when the debt does', () => {
    const heartbeat = new Heartbeat(100, 0);
    for (const now of [0, 40, 80]) heartbeat.look(now, free(1));
    expect(heartbeat.look(120, owing(1))).toBe('busy');
    expect(heartbeat.look(170, owing(1))).toBe('busy');
    expect(heartbeat.look(220, owing(1))).toBe('busy');
    expect(heartbeat.look(221, owing(1))).toBe('silent');
  });

  it('an answered ping ends the debt', () => {
    const heartbeat = new Heartbeat(100, 0);
    heartbeat.look(0, owing(1));
    heartbeat.look(50, owing(1));
    expect(heartbeat.look(90, free(2))).toBe('progressed');
    expect(heartbeat.look(140, free(2))).toBe('idle');
    expect(heartbeat.look(190, owing(2))).toBe('busy');
  });

  it('one late look condemns nobody', () => {
    const heartbeat = new Heartbeat(100, 0);
    heartbeat.look(0, owing(1));
    expect(heartbeat.look(3_600_000, owing(1))).toBe('busy');
    expect(heartbeat.look(3_600_050, owing(1))).toBe('busy');
    expect(heartbeat.look(3_600_051, owing(1))).toBe('silent');
  });

  it('a count that wraps is progress', () => {
    const heartbeat = new Heartbeat(100, 0);
    heartbeat.look(0, owing(2 ** 31 - 1));
    expect(heartbeat.look(90, owing(-(2 ** 31)))).toBe('progressed');
  });

  it('silent means: the count stood still, owed all along, for longer than the limit', () => {
    const look = fc.record({
      later: fc.nat(60),
      step: fc.constantFrom(0, 0, 0, 1),
      owes: fc.constantFrom(true, true, true, false),
    });
    fc.assert(
      fc.property(fc.array(look, { maxLength: 60 }), (looks) => {
        const heartbeat = new Heartbeat(100, 0);
        let now = 0;
        let count = 0;
        let since: number | undefined;
        for (const { later, step, owes } of looks) {
          now += later;
          count += step;
          if (step > 0 || !owes) since = undefined;
          if (owes) since ??= now;
          const state = heartbeat.look(now, { count, owes });
          if (state === 'silent') expect(now - since!).toBeGreaterThan(100);
          // Silent for twice the limit plus one gap is always found: each look counts for at least what it
          // can.
          if (since !== undefined && now - since > 260) expect(state).toBe('silent');
        }
      }),
      { numRuns: 500 },
    );
  });
});
