import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Scaler, type ScalingSample } from '../../dist/src/pool/scaler.js';

const OPTIONS = { growAfter: 50, idleTimeout: 1000 };
const sample = (given: Partial<ScalingSample>): ScalingSample => ({
  now: 0,
  workers: 1,
  starting: 0,
  idle: 0,
  unstarted: 0,
  waited: 0,
  ...given,
});

describe('growing', () => {
  const decide = (given: Partial<ScalingSample>, limits = { min: 1, max: 8 }) =>
    new Scaler(limits, OPTIONS).decide(sample(given));

  it('when a request has waited for growAfter', () => {
    expect(decide({ unstarted: 1, waited: 49 })).toBe(1);
    expect(decide({ unstarted: 1, waited: 50 })).toBe(2);
  });
  it('by as many as wait, doubling at most, up to max', () => {
    expect(decide({ workers: 2, unstarted: 1, waited: 50 })).toBe(3);
    expect(decide({ workers: 2, unstarted: 100, waited: 50 })).toBe(4);
    expect(decide({ workers: 6, unstarted: 100, waited: 50 })).toBe(8);
    expect(decide({ workers: 8, unstarted: 100, waited: 50 })).toBe(8);
  });
  it('from none', () => {
    expect(decide({ workers: 0, unstarted: 5, waited: 50 }, { min: 0, max: 8 })).toBe(1);
  });
  it('not before the workers of the last step have started', () => {
    expect(decide({ workers: 4, starting: 1, unstarted: 100, waited: 500 })).toBe(4);
  });
  it('not for what waits for a moment', () => {
    expect(decide({ unstarted: 1_000_000, waited: 10 })).toBe(1);
  });
});

describe('limits', () => {
  it('hold at once', () => {
    const scaler = new Scaler({ min: 2, max: 4 }, OPTIONS);
    expect(scaler.decide(sample({ workers: 0 }))).toBe(2);
    expect(scaler.decide(sample({ workers: 9 }))).toBe(4);
  });
  it('that are equal: nothing ever changes', () => {
    const scaler = new Scaler({ min: 4, max: 4 }, OPTIONS);
    for (let now = 0; now < 100_000; now += 100) {
      const busy = now % 3000 < 1500;
      expect(
        scaler.decide(sample({ now, workers: 4, idle: busy ? 0 : 4, unstarted: busy ? 9 : 0, waited: 500 })),
      ).toBe(4);
    }
  });
});

describe('shrinking', () => {
  it('by the workers that were idle all through idleTimeout', () => {
    const scaler = new Scaler({ min: 1, max: 8 }, OPTIONS);
    const idle = [6, 7, 3, 5, 4];
    const targets = idle.map((count, i) => scaler.decide(sample({ now: i * 250, workers: 8, idle: count })));
    expect(targets).toEqual([8, 8, 8, 8, 5]);
  });
  it('never below min, which may be 0', () => {
    for (const min of [0, 2]) {
      const scaler = new Scaler({ min, max: 8 }, OPTIONS);
      scaler.decide(sample({ now: 0, workers: 8, idle: 8 }));
      expect(scaler.decide(sample({ now: 1000, workers: 8, idle: 8 }))).toBe(min);
    }
  });
  it('not when all were needed once', () => {
    const scaler = new Scaler({ min: 1, max: 2 }, OPTIONS);
    scaler.decide(sample({ now: 0, workers: 2, idle: 2 }));
    scaler.decide(sample({ now: 500, workers: 2, idle: 0 }));
    scaler.decide(sample({ now: 501, workers: 2, idle: 2 }));
    expect(scaler.decide(sample({ now: 1500, workers: 2, idle: 2 }))).toBe(2);
    expect(scaler.decide(sample({ now: 1501, workers: 2, idle: 2 }))).toBe(1);
  });
  it('also while a little work comes steadily', () => {
    const scaler = new Scaler({ min: 1, max: 8 }, OPTIONS);
    let workers = 8;
    for (let now = 0; now <= 1000; now += 5) {
      const arriving = now % 10 === 0;
      workers = scaler.decide(sample({ now, workers, idle: arriving ? 8 : 7, unstarted: arriving ? 1 : 0 }));
    }
    expect(workers).toBe(1);
  });
  it('says when to look again, and not when nothing can come of it', () => {
    const scaler = new Scaler({ min: 1, max: 8 }, OPTIONS);
    expect(scaler.nextLook).toBeUndefined();
    scaler.decide(sample({ now: 7, workers: 4, idle: 4 }));
    expect(scaler.nextLook).toBe(1007);
    expect(scaler.decide(sample({ now: 1007, workers: 4, idle: 4 }))).toBe(1);
    scaler.decide(sample({ now: 1008, workers: 1, idle: 1 }));
    expect(scaler.nextLook).toBeUndefined();
  });
});

/** A pool without threads: one step a ms; starting takes 40 ms; each job is its length in ms. */
class FakePool {
  readonly changes: { at: number; by: number; waited: number }[] = [];
  readonly #scaler: Scaler;
  workers: number;
  /** When each starting worker will be ready. */
  #starting: number[] = [];
  #running: number[] = [];
  #queue: { at: number; length: number }[] = [];
  now = 0;

  constructor(min: number, max: number) {
    this.#scaler = new Scaler({ min, max }, OPTIONS);
    this.workers = min;
  }

  step(arriving: readonly number[]): void {
    this.now += 1;
    for (const length of arriving) this.#queue.push({ at: this.now, length });
    this.#starting = this.#starting.filter((ready) => ready > this.now);
    this.#running = this.#running.map((left) => left - 1).filter((left) => left > 0);
    while (this.#queue.length > 0 && this.#running.length < this.workers - this.#starting.length) {
      this.#running.push(this.#queue.shift()!.length);
    }
    const waited = this.#queue.length > 0 ? this.now - this.#queue[0]!.at : 0;
    const starting = this.#starting.length;
    const idle = this.workers - starting - this.#running.length;
    const unstarted = this.#queue.length;
    const target = this.#scaler.decide({
      now: this.now,
      workers: this.workers,
      starting,
      idle,
      unstarted,
      waited,
    });
    const by = target - this.workers;
    if (by === 0) return;
    expect(by < 0 ? -by <= idle : true).toBe(true);
    this.changes.push({ at: this.now, by, waited });
    for (let i = 0; i < by; i++) this.#starting.push(this.now + 40);
    this.workers = target;
  }
}

/** Changes of direction. */
const swings = ({ changes }: FakePool) =>
  changes.filter(({ by }, i) => i > 0 && by > 0 !== changes[i - 1]!.by > 0).length;

describe('never flaps', () => {
  it.each([200, 900, 1100, 1500, 2500, 5000, 9000])('under bursts every %i ms', (period) => {
    const pool = new FakePool(1, 8);
    const duration = 300_000;
    while (pool.now < duration) pool.step(pool.now % period === 0 ? Array(16).fill(100) : []);
    // Periods that a longer timeout can bridge are learnt after a few swings; longer ones are worth the
    // threads.
    if (period <= 2 * OPTIONS.idleTimeout) expect(swings(pool)).toBeLessThanOrEqual(4);
    else expect(swings(pool)).toBeLessThanOrEqual(2 * Math.ceil(duration / period));
    expect(Math.max(...pool.changes.map(({ by }) => by))).toBeGreaterThan(0);
  });

  it('under random loads: shrinks are idleTimeout apart, growth is earned, and the limits hold', () => {
    const phase = fc.record({
      length: fc.integer({ min: 1, max: 3000 }),
      every: fc.integer({ min: 1, max: 400 }),
      job: fc.integer({ min: 1, max: 600 }),
    });
    fc.assert(
      fc.property(
        fc.array(phase, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 0, max: 3 }),
        (phases, min) => {
          const pool = new FakePool(min, 6);
          for (const { length, every, job } of phases) {
            for (let i = 0; i < length; i++) pool.step(i % every === 0 ? [job] : []);
          }
          const { changes } = pool;
          changes.forEach(({ at, by, waited }, i) => {
            const previous = changes[i - 1];
            if (by > 0) expect(waited).toBeGreaterThanOrEqual(OPTIONS.growAfter);
            else expect(at - (previous?.at ?? 0)).toBeGreaterThanOrEqual(OPTIONS.idleTimeout);
          });
          const shrinks = changes.filter(({ by }) => by < 0).length;
          expect(shrinks).toBeLessThanOrEqual(pool.now / OPTIONS.idleTimeout);
          expect(swings(pool)).toBeLessThanOrEqual(2 * shrinks + 1);
          expect(pool.workers).toBeGreaterThanOrEqual(min);
          expect(pool.workers).toBeLessThanOrEqual(6);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('comes to rest: growing within a second under a lasting load, shrinking to min without one', () => {
    const pool = new FakePool(1, 8);
    while (pool.now < 2000) pool.step(pool.now % 10 === 0 ? [75] : []);
    expect(pool.workers).toBe(8);
    expect(pool.changes.filter(({ by }) => by > 0).at(-1)!.at).toBeLessThan(1000);
    while (pool.now < 60_000) pool.step([]);
    expect(pool.workers).toBe(1);
  });
});
