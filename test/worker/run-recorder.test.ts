import { expect, it } from 'vitest';
import { MetricsRecorders } from '../../dist/src/metrics/metrics.js';
import type { TaskTotals } from '../../dist/src/metrics/task-totals.js';
import { CLOCK_OFFSET } from '../../dist/src/protocol/clock.js';
import { windowBytes } from '../../dist/src/protocol/layout.js';
import { advance, FIRST_POSITION } from '../../dist/src/protocol/positions.js';
import { Window } from '../../dist/src/protocol/window.js';
import { Request, RequestExtras } from '../../dist/src/requests/request.js';
import { TaskRef } from '../../dist/src/tasks/registry.js';
import { flags } from '../../dist/src/values/slot-format.js';
import { InFlight } from '../../dist/src/worker/in-flight.js';
import { RunRecorder } from '../../dist/src/worker/run-recorder.js';

const task = new TaskRef(
  { kind: 'module', id: 1, name: 'task', url: 'file:///task.js', path: [], base: '' },
  false,
);

/** Completions in the memory of a worker, each of 5 ms from 12 ms on. */
function recorded(requests: readonly Request[], kindOf: (request: Request) => number = () => 0) {
  const shared = new SharedArrayBuffer(windowBytes(8));
  const window = new Window(shared, new SharedArrayBuffer(4), 8);
  window.reset();
  const inFlight = new InFlight(8, { pending: 0, work: 0 });
  for (const request of requests) {
    const slot = window.completionSlot(inFlight.tail);
    window.memory.i32[slot + 1] = kindOf(request);
    window.memory.f32[slot + 2] = 5;
    window.runStarts.set(inFlight.tail, 12 + CLOCK_OFFSET);
    inFlight.enter(request, 0, 0);
  }
  task.ledger.record(new MetricsRecorders());
  const recorder = new RunRecorder(window, inFlight);
  const seen = recorder.record(FIRST_POSITION, advance(FIRST_POSITION, requests.length));
  const totals = task.account.recorder as TaskTotals;
  const { waitTime, runTime, bytesIn, bytesOut } = totals;
  return { seen, waitTime, runTime, bytesIn, bytesOut };
}

function request(queuedAt?: number, args: unknown[] = [], extras?: RequestExtras): Request {
  const made = new Request(1, task, args, extras);
  made.queuedAt = queuedAt;
  return made;
}

it.each([
  ['as the thread has noted', 10, { waits: [2], runTime: 5 }],
  ['not before it was submitted: it ends as noted', 13, { waits: [0], runTime: 4 }],
  ['and ends not before it begins', 20, { waits: [0], runTime: 0 }],
  ['as noted, where nobody knows when it was submitted', undefined, { waits: [], runTime: 5 }],
])('a run is recorded to have started %s', (_, queuedAt, expected) => {
  const { waitTime, runTime } = recorded([request(queuedAt)]);
  expect([runTime.count, waitTime.count]).toEqual([1, expected.waits.length]);
  expect(runTime.sum).toBeCloseTo(expected.runTime, 6);
  expect(waitTime.sum).toBeCloseTo(expected.waits[0] ?? 0, 6);
});

it('runs of one task are recorded together, without those that have not run, and with their bytes', () => {
  const expired = request(10, [1], new RequestExtras());
  const { seen, runTime, bytesIn, bytesOut } = recorded(
    [request(10, [1]), expired, request(11, ['text'])],
    (one) => (one === expired ? flags.expired : 0),
  );
  expect([seen, runTime.count]).toEqual([3, 2]);
  // Lists of a number and of four characters; results of a number each: what is larger comes with its reading.
  expect([bytesIn, bytesOut]).toEqual([16 + 8 + 16 + 8, 16]);
});

it('of another task are left to the next call', () => {
  const other = new TaskRef(
    { kind: 'module', id: 2, name: 'other', url: 'file:///task.js', path: [], base: '' },
    false,
    task.ledger,
  );
  const { seen, runTime } = recorded([request(10), new Request(2, other, [], undefined)]);
  expect([seen, runTime.count]).toEqual([1, 1]);
});
