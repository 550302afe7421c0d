import { describe, expect, it } from 'vitest';
import { Ledger } from '../../dist/src/ledger/ledger.js';
import { MetricsRecorders } from '../../dist/src/metrics/metrics.js';
import { windowBytes } from '../../dist/src/protocol/layout.js';
import { Window } from '../../dist/src/protocol/window.js';
import { Request } from '../../dist/src/requests/request.js';
import { callUser } from '../../dist/src/requests/user-callback.js';
import type { TaskRef } from '../../dist/src/tasks/registry.js';
import { Completions } from '../../dist/src/worker/completions.js';
import { InFlight } from '../../dist/src/worker/in-flight.js';
import { Tallies } from '../../dist/src/worker/tallies.js';

const CAPACITY = 8;
const ledger = new Ledger();
const account = ledger.accountOf('task');
const task = { id: 1, mean: 0.1, runs: 1, ledger, account } as TaskRef;

/** Both sides of one window. */
function both(onCompleted: (id: number) => void = () => {}) {
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
    { of: () => new SharedArrayBuffer(0) } as never,
    new Tallies(() => {}),
    {
      isRecorded: true,
      completed: (_worker, { id }) => {
        read.push(id);
        onCompleted(id);
      },
      expired: () => {},
    },
  );
  /** The main thread sends a request, and the worker claims it. */
  const start = (id: number, of = task) => {
    const request = new Request(id, of, [], undefined);
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

  it('are recorded once, also where they are read in parts, and only while somebody wants it', () => {
    const { completions, start, complete } = both();
    const [first, second] = [new MetricsRecorders(), new MetricsRecorders()];
    const runs = (recorders = first) => recorders.snapshot().runTime.count;
    for (let id = 1; id <= 5; id++) complete(start(id));
    expect(completions.read(1, 0, false)).toBe(1);
    expect(runs()).toBe(0);
    ledger.record(first);
    for (let n = 0; n < 3; n++) expect(completions.read(1, 0, false)).toBe(1);
    ledger.record(undefined);
    expect(completions.read(10, 0, false)).toBe(1);
    for (let id = 6; id <= 8; id++) complete(start(id));
    ledger.record(second);
    expect(completions.read(10, 0, false)).toBe(3);
    ledger.record(undefined);
    expect([runs(), runs(second)]).toEqual([3, 3]);
  });

  it('may be wanted no more by recorders while they are read', () => {
    const { completions, read, start, complete } = both((id) => {
      if (id === 1) ledger.record(undefined);
    });
    ledger.record(new MetricsRecorders());
    complete(start(1));
    complete(start(2, { ...task, id: 2 } as TaskRef));
    expect(completions.read(10, 0, false)).toBe(2);
    expect(read).toEqual([1, 2]);
  });
});
