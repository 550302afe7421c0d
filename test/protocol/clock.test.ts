import { describe, expect, it } from 'vitest';
import { offsetBetween } from '../../dist/src/protocol/clock.js';

/**
 * The offset in a thread that starts 1,000 ms after the system, and loses its core for some ms between two
 * readings.
 */
function offsetWith(lostAt: (reading: number) => number): number {
  let time = 5_000;
  let readings = 0;
  const read = (): number => {
    time += 0.001 + lostAt(readings++);
    return time;
  };
  return offsetBetween(
    () => BigInt(Math.round(read() * 1e6)),
    () => read() - 1_000,
  );
}

describe('the clock that all threads share', () => {
  it('is right although the thread loses its core while it is set', () => {
    for (let lost = 0; lost < 6; lost++) {
      const offset = offsetWith((reading) => (reading === lost ? 51 : 0));
      expect(offset).toBeGreaterThan(999.99);
      expect(offset).toBeLessThanOrEqual(1_000);
    }
  });
});
