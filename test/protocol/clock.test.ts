import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';

const source = readFileSync(new URL('../../dist/src/protocol/clock.js', import.meta.url), 'utf8').replace(
  'export const',
  'var',
);

/** The offset in a thread that starts 1,000 ms after the system, and loses its core for some ms between two readings. */
function offsetWith(lostAt: (reading: number) => number): number {
  let time = 5_000;
  let readings = 0;
  const read = (): number => {
    time += 0.001 + lostAt(readings++);
    return time;
  };
  const process = { hrtime: { bigint: () => BigInt(Math.round(read() * 1e6)) } };
  const performance = { now: () => read() - 1_000 };
  const context: { CLOCK_OFFSET?: number } = {};
  runInNewContext(source, Object.assign(context, { process, performance }));
  return context.CLOCK_OFFSET as number;
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
