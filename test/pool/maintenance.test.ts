import { describe, expect, it } from 'vitest';
import { type Clock, type Duty, Maintenance } from '../../dist/src/pool/maintenance.js';

/** Time that the test moves on. */
class FakeClock implements Clock {
  #now = 0;
  #next: { at: number; call: () => void } | undefined;
  /** Timers set so far. */
  set = 0;
  longest = 0;

  now(): number {
    return this.#now;
  }
  after(ms: number, call: () => void): () => void {
    if (this.#next !== undefined) throw new Error('two timers at once');
    const timer = { at: this.#now + ms, call };
    this.#next = timer;
    this.set++;
    this.longest = Math.max(this.longest, ms);
    return () => {
      if (this.#next === timer) this.#next = undefined;
    };
  }
  get hasTimer(): boolean {
    return this.#next !== undefined;
  }
  advance(ms: number): void {
    const end = this.#now + ms;
    while (this.#next !== undefined && this.#next.at <= end) {
      const { at, call } = this.#next;
      this.#now = at;
      this.#next = undefined;
      call();
    }
    this.#now = end;
  }
}

class FakeDuty implements Duty {
  readonly looks: number[] = [];
  next: number | undefined;
  pace: number | undefined;
  constructor(pace: number | undefined) {
    this.pace = pace;
  }
  look(now: number): number | undefined {
    this.looks.push(now);
    return this.next === undefined ? undefined : now + this.next;
  }
}

describe('Maintenance', () => {
  it('comes to a time that is farther away than timers reach', () => {
    const clock = new FakeClock();
    const far = 3 * 2 ** 31;
    const duty = new FakeDuty(10);
    duty.next = far;
    const maintenance = new Maintenance([duty], clock);
    maintenance.look();
    expect(clock.longest).toBeLessThan(2 ** 31);
    clock.advance(far);
    expect(clock.set).toBeLessThan(10);
  });

  it('has no timer before there is load, and none when no duty wants a next look', () => {
    const clock = new FakeClock();
    const maintenance = new Maintenance([new FakeDuty(10), new FakeDuty(undefined)], clock);
    expect(clock.hasTimer).toBe(false);
    maintenance.nudge();
    expect(clock.hasTimer).toBe(true);
    clock.advance(10);
    expect(clock.hasTimer).toBe(false);
  });

  it('looks within the pace of the most impatient duty, however often it is nudged', () => {
    const clock = new FakeClock();
    const duties = [new FakeDuty(30), new FakeDuty(10)];
    const maintenance = new Maintenance(duties, clock);
    for (let i = 0; i < 1000; i++) maintenance.nudge();
    expect(clock.set).toBe(1);
    clock.advance(100);
    for (const { looks } of duties) expect(looks).toEqual([10]);
  });

  it('goes on as long as a duty asks for it', () => {
    const clock = new FakeClock();
    const duty = new FakeDuty(10);
    duty.next = 10;
    const maintenance = new Maintenance([duty, new FakeDuty(undefined)], clock);
    maintenance.nudge();
    clock.advance(35);
    expect(duty.looks).toEqual([10, 20, 30]);
    duty.next = undefined;
    clock.advance(1000);
    expect(duty.looks).toEqual([10, 20, 30, 40]);
  });

  it('looks sooner than it meant to when load comes', () => {
    const clock = new FakeClock();
    const duty = new FakeDuty(10);
    duty.next = 10_000;
    const maintenance = new Maintenance([duty], clock);
    maintenance.look();
    clock.advance(100);
    maintenance.nudge();
    clock.advance(10);
    expect(duty.looks).toEqual([0, 110]);
  });

  it('does nothing where no duty has a pace, and nothing after its end', () => {
    const clock = new FakeClock();
    const lazy = new FakeDuty(undefined);
    new Maintenance([lazy], clock).nudge();
    expect(clock.set).toBe(0);
    const duty = new FakeDuty(10);
    duty.next = 10;
    const maintenance = new Maintenance([duty], clock);
    maintenance.nudge();
    maintenance.stop();
    maintenance.nudge();
    maintenance.look();
    expect(clock.hasTimer).toBe(false);
    expect(duty.looks).toEqual([]);
  });

  it('can be stopped by a look', () => {
    const clock = new FakeClock();
    const look = (now: number): number => {
      maintenance.stop();
      return now + 10;
    };
    const maintenance = new Maintenance([{ pace: 10, look }], clock);
    maintenance.nudge();
    clock.advance(100);
    expect(clock.hasTimer).toBe(false);
  });
});
