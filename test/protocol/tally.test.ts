import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Histogram } from '../../dist/src/metrics/histogram.js';
import { MOST_MS, TALLY_BYTES, Tally } from '../../dist/src/protocol/tally.js';

/** Both sides of a tally. */
function both() {
  const memory = new SharedArrayBuffer(TALLY_BYTES);
  return { thread: new Tally(memory), main: new Tally(memory) };
}

/** What the main thread finds in it. */
function foundIn({ waitTimes, runTimes }: Tally): readonly Histogram[] {
  return [waitTimes, runTimes].map((counts) => {
    const found = new Histogram();
    found.add(counts);
    return found;
  });
}

describe('a tally', () => {
  it('has the counts that a histogram has of the same times', () => {
    const time = fc.oneof(
      fc.double({ min: 0, max: 0.02, noNaN: true }),
      fc.double({ min: 0, max: 1_023, noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(time, time), { maxLength: 50 }), (times) => {
        const { thread, main } = both();
        const [waits, runs] = [new Histogram(), new Histogram()];
        times.forEach(([wait, run], id) => {
          expect(thread.count(id + 1, wait, run)).toBe(true);
          waits.record(wait);
          runs.record(run);
        });
        const found = foundIn(main);
        expect(found.map((each) => each.distribution())).toEqual(
          [waits, runs].map((each) => each.distribution()),
        );
      }),
    );
  });

  it('leaves times that it has no room for to the main thread, and counts neither of the two', () => {
    const { thread, main } = both();
    expect([thread.count(1, MOST_MS, 1), thread.count(2, 1, MOST_MS), thread.count(3, 1e300, 1)]).toEqual([
      false,
      false,
      false,
    ]);
    expect(foundIn(main).map(({ count, sum }) => [count, sum])).toEqual([
      [0, 0],
      [0, 0],
    ]);
    const longest = MOST_MS * (1 - Number.EPSILON);
    expect(thread.count(4, longest, longest)).toBe(true);
    expect(foundIn(main).map(({ count }) => count)).toEqual([1, 1]);
  });

  it('knows whether it has the run of the request with which its thread has ended', () => {
    const { thread, main } = both();
    expect(main.hasCounted(1)).toBe(false);
    thread.count(1, 3, 2);
    expect([main.hasCounted(1), main.hasCounted(2)]).toEqual([true, false]);
    thread.count(2, MOST_MS, 2);
    expect(main.hasCounted(2)).toBe(false);
  });
});
