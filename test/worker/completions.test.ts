import { describe, expect, it } from 'vitest';
import { windowBytes } from '../../dist/src/protocol/layout.js';
import { Window } from '../../dist/src/protocol/window.js';
import { Request } from '../../dist/src/requests/request.js';
import { callUser } from '../../dist/src/requests/user-callback.js';
import type { TaskRef } from '../../dist/src/tasks/registry.js';
import { Completions } from '../../dist/src/worker/completions.js';
import { InFlight } from '../../dist/src/worker/in-flight.js';

const CAPACITY = 8;
const task = { id: 1, mean: 0.1, runs: 1 } as TaskRef;

/** Both sides of one window. */
function both() {
  const window = new Window(new SharedArrayBuffer(windowBytes(CAPACITY)), new SharedArrayBuffer(4), CAPACITY);
  window.reset();
  const inFlight = new InFlight(CAPACITY, { pending: 0, work: 0 });
  const read: number[] = [];
  const completions = new Completions(
    'worker',
    window,
    inFlight,
    undefined as never,
    { over() {} } as never,
    undefined as never,
    { completed: (_worker, { id }) => read.push(id), expired: () => {} },
  );
  /** The main thread sends a request, and the worker claims it. */
  const start = (id: number) => {
    const request = new Request(id, task, [], undefined);
    inFlight.enter(request, 0, 0);
    window.post(1);
    return window.claim();
  };
  /** The worker completes it: without a value. */
  const complete = (position: number) => {
    const slot = window.completionSlot(position);
    window.memory.i32.fill(0, slot, slot + 4);
    window.complete(position);
  };
  return { window, completions, read, start, complete };
}

describe('completions', () => {
  it('end a cancellation: a request of the same id, after the ids have wrapped, is not cancelled', () => {
    const { window, completions, read, start, complete } = both();
    const position = start(7);
    window.marks.cancel(7);
    expect(window.marks.isCancelled(7)).toBe(true);
    complete(position);
    expect(completions.read(10, 0, false)).toBe(1);
    start(7);
    expect(window.marks.isCancelled(7)).toBe(false);
    expect(read).toEqual([7]);
  });

  it("are not read inside a callback of the caller's, except those of a dead thread", () => {
    const { completions, read, start, complete } = both();
    complete(start(1));
    callUser(() => {
      expect(completions.read(10, 0, false)).toBe(0);
      completions.readLast(0);
    });
    expect(read).toEqual([1]);
  });
});
