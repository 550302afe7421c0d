import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deadlines, runStarts, submitTimes, windowBytes } from '../../dist/src/protocol/layout.js';
import { advance, distance, MAX_CAPACITY } from '../../dist/src/protocol/positions.js';
import { Window } from '../../dist/src/protocol/window.js';

/** One window and, beside it, what it should hold. Both sides act in turn, in one thread. */
class Model {
  readonly window: Window;
  readonly capacity: number;
  /** Positions as the main thread knows them. */
  tail: number;
  done: number;
  unstarted: number[] = [];
  started: number[] = [];
  completed: number[] = [];
  #next = 1;

  constructor(capacity: number, first: number) {
    this.capacity = capacity;
    this.window = new Window(
      new SharedArrayBuffer(windowBytes(capacity)),
      new SharedArrayBuffer(4),
      capacity,
    );
    this.window.reset(first);
    this.tail = first;
    this.done = first;
  }

  post(n: number): void {
    const room = this.capacity - this.unstarted.length - this.started.length - this.completed.length;
    const count = Math.min(n, room);
    const { i32 } = this.window.memory;
    for (let i = 0; i < count; i++) {
      i32[this.window.requestSlot(this.tail)] = this.#next;
      this.unstarted.push(this.#next++);
      this.tail = advance(this.tail, 1);
    }
    this.window.post(count);
  }

  /** As worker: starts the next and, where it may, completes it. */
  claim(): void {
    if (this.started.length > 0) return;
    const position = this.window.claim();
    const expected = this.unstarted.shift();
    if (expected === undefined) {
      expect(position).toBe(-1);
      return;
    }
    expect(this.window.memory.i32[this.window.requestSlot(position)]).toBe(expected);
    this.started.push(expected);
  }

  complete(): void {
    const id = this.started.shift();
    if (id === undefined) return;
    const position = this.window.completed();
    this.window.memory.i32[this.window.completionSlot(position)] = id;
    this.window.complete(position);
    this.completed.push(id);
  }

  reclaim(n: number): void {
    const got = this.window.reclaim(n);
    expect(got).toBe(Math.min(n, this.unstarted.length));
    this.unstarted.length -= got;
    this.tail = advance(this.tail, -got);
  }

  /** As `Worker.withdraw` does: the slots behind one that is taken out move up. */
  takeOut(pick: number): void {
    if (this.unstarted.length === 0) return;
    const at = pick % this.unstarted.length;
    const behind = this.unstarted.length - at;
    expect(this.window.reclaim(behind)).toBe(behind);
    const hole = advance(this.tail, -behind);
    for (let i = 1; i < behind; i++) this.window.copyRequest(advance(hole, i), advance(hole, i - 1));
    this.tail = advance(this.tail, -1);
    this.window.post(behind - 1);
    this.unstarted.splice(at, 1);
  }

  drain(): void {
    const end = this.window.completed();
    expect(distance(this.done, end)).toBe(this.completed.length);
    for (; this.done !== end; this.done = advance(this.done, 1)) {
      expect(this.window.memory.i32[this.window.completionSlot(this.done)]).toBe(this.completed.shift());
    }
  }

  check(): void {
    const { window } = this;
    expect(window.unstarted()).toBe(this.unstarted.length);
    expect(window.tail()).toBe(this.tail);
    expect(distance(window.head(), this.tail)).toBe(this.unstarted.length);
    expect(distance(window.completed(), window.head())).toBe(this.started.length);
  }
}

const count = fc.nat(20);
const step: fc.Arbitrary<(model: Model) => void> = fc.oneof(
  count.map((n) => (model: Model) => model.post(n)),
  fc.constant((model: Model) => model.claim()),
  fc.constant((model: Model) => model.complete()),
  count.map((n) => (model: Model) => model.reclaim(n)),
  count.map((n) => (model: Model) => model.takeOut(n)),
  fc.constant((model: Model) => model.drain()),
);

it('tells the size of large heaps, too', () => {
  const window = new Window(new SharedArrayBuffer(windowBytes(2)), new SharedArrayBuffer(4), 2);
  for (const bytes of [0, 2 ** 30, 5 * 2 ** 30, 2 ** 40]) {
    window.status.noteHeap(bytes);
    expect(window.status.heap()).toBe(bytes);
  }
});

describe('a window, one side after the other', () => {
  it('claims, completes and gives back just what was posted, in order, through the wrap', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(2, 4, 16),
        fc.oneof(fc.integer({ min: 0xffff - 40, max: 0xffff }), fc.nat(0xffff)),
        fc.array(step, { maxLength: 300 }),
        (capacity, first, steps) => {
          const model = new Model(capacity, first);
          for (const apply of steps) {
            apply(model);
            model.check();
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('the largest one, full, at any position', () => {
    fc.assert(
      fc.property(fc.nat(0xffff), (first) => {
        const model = new Model(MAX_CAPACITY, first);
        model.post(MAX_CAPACITY);
        model.check();
        for (let i = 0; i < 3; i++) {
          model.claim();
          model.complete();
        }
        model.reclaim(MAX_CAPACITY);
        model.check();
        model.drain();
        model.post(MAX_CAPACITY);
        model.check();
      }),
      { numRuns: 20 },
    );
  });

  it('slots of different positions do not touch, and none touches the control words', () => {
    const capacity = 8;
    const window = new Window(
      new SharedArrayBuffer(windowBytes(capacity)),
      new SharedArrayBuffer(4),
      capacity,
    );
    window.reset(0);
    const starts = [...Array(capacity).keys()].flatMap((p) => [
      window.requestSlot(p),
      window.completionSlot(p),
    ]);
    const sorted = [...starts].sort((a, b) => a - b);
    for (let i = 1; i < sorted.length; i++) expect(sorted[i]! - sorted[i - 1]!).toBe(64);
    expect(sorted[0]).toBe(64);
    // Behind them are the starts of runs, one float64 for each completion.
    expect(sorted.at(-1)! + 64).toBe(2 * runStarts(capacity));
    // And behind those the deadlines, and when each was submitted: one for each request.
    expect(deadlines(capacity)).toBe(runStarts(capacity) + capacity);
    expect(submitTimes(capacity)).toBe(deadlines(capacity) + capacity);
    expect(2 * (submitTimes(capacity) + capacity)).toBe(window.memory.i32.length);
    expect(window.requestSlot(capacity + 3)).toBe(window.requestSlot(3));
  });

  it('a distance is never negative, and undoes an advance', () => {
    fc.assert(
      fc.property(fc.nat(0xffff), fc.nat(0xffff), (p, n) => {
        expect(distance(p, advance(p, n))).toBe(n);
        expect(advance(advance(p, n), -n)).toBe(p);
      }),
    );
  });
});
