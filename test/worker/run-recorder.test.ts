import { expect, it } from 'vitest';
import { MetricsRecorders } from '../../dist/src/metrics/metrics.js';
import type { TaskTotals } from '../../dist/src/metrics/task-totals.js';
import { CLOCK_OFFSET } from '../../dist/src/protocol/clock.js';
import { windowBytes } from '../../dist/src/protocol/layout.js';
import type { ToWorker } from '../../dist/src/protocol/messages.js';
import { FIRST_POSITION } from '../../dist/src/protocol/positions.js';
import { Tally } from '../../dist/src/protocol/tally.js';
import { Window } from '../../dist/src/protocol/window.js';
import { Request } from '../../dist/src/requests/request.js';
import { TaskRef } from '../../dist/src/tasks/registry.js';
import { flags } from '../../dist/src/values/slot-format.js';
import { InFlight } from '../../dist/src/worker/in-flight.js';
import { RunRecorder } from '../../dist/src/worker/run-recorder.js';
import { Tallies } from '../../dist/src/worker/tallies.js';

const task = new TaskRef(
  { kind: 'module', id: 1, name: 'task', url: 'file:///task.js', path: [], base: '' },
  false,
);

/** Runs of 5 ms from 12 ms on, recorded by the main thread. */
function recording() {
  const window = new Window(new SharedArrayBuffer(windowBytes(8)), new SharedArrayBuffer(4), 8);
  window.reset();
  window.runStarts.set(FIRST_POSITION, 12 + CLOCK_OFFSET);
  const inFlight = new InFlight(8, { pending: 0, work: 0 });
  const messages: ToWorker[] = [];
  const tallies = new Tallies((message) => messages.push(message));
  task.ledger.record(new MetricsRecorders());
  const recorder = new RunRecorder(window, inFlight, tallies);
  const totals = task.account.recorder as TaskTotals;
  const record = (request: Request, kind = 0) => recorder.record(request, FIRST_POSITION, kind, 5);
  return { record, totals, tallies, messages };
}

function request(queuedAt?: number, args: unknown[] = [], of = task): Request {
  const made = new Request(1, of, args, undefined);
  made.queuedAt = queuedAt;
  return made;
}

it.each([
  ['as the thread has noted', 10, { waits: [2], runTime: 5 }],
  ['not before it was submitted: it ends as noted', 13, { waits: [0], runTime: 4 }],
  ['and ends not before it begins', 20, { waits: [0], runTime: 0 }],
  ['as noted, where nobody knows when it was submitted', undefined, { waits: [], runTime: 5 }],
])('a run is recorded to have started %s', (_, queuedAt, expected) => {
  const { record, totals } = recording();
  record(request(queuedAt));
  const { waitTime, runTime } = totals;
  expect([runTime.count, waitTime.count]).toEqual([1, expected.waits.length]);
  expect(runTime.sum).toBeCloseTo(expected.runTime, 6);
  expect(waitTime.sum).toBeCloseTo(expected.waits[0] ?? 0, 6);
});

it('bytes are recorded of each run, times only of those that the thread has not counted', () => {
  const { record, totals } = recording();
  record(request(10, [1]));
  record(request(10, [1]), flags.counted);
  record(request(11, ['text']));
  const { runTime, bytesIn, bytesOut } = totals;
  expect(runTime.count).toBe(2);
  // Lists of a number and of four characters; results of a number each: what is larger comes with its reading.
  // Those of a run that the thread has counted are in its tally.
  expect([bytesIn, bytesOut]).toEqual([2 * (16 + 8) + 16 + 8, 2 * 8]);
});

it('the thread gets a tally of a task once, when it has run it some times, and again if it forgets the task', () => {
  const { record, totals, tallies, messages } = recording();
  for (let n = 0; n < 63; n++) record(request(10));
  expect(messages).toEqual([]);
  for (let n = 0; n < 100; n++) record(request(10));
  expect(messages).toMatchObject([{ type: 'tally', task: 1 }]);
  tallies.forget([1]);
  for (let n = 0; n < 100; n++) record(request(10));
  expect(messages).toMatchObject([{ task: 1 }, { task: 1 }]);
  // A task of the same name is counted with it.
  const definition = {
    kind: 'inline',
    id: 2,
    name: 'task',
    source: '',
    base: '',
    sloppy: false,
    helpers: [],
  } as const;
  const same = new TaskRef(definition, false, task.ledger);
  for (let n = 0; n < 64; n++) record(request(10, [], same));
  expect(messages).toMatchObject([{ task: 1 }, { task: 1 }, { task: 2 }]);
  const memories = new Set(messages.map((message) => message.type === 'tally' && message.memory));
  expect(memories.size).toBe(1);
  // What the thread counts belongs to the totals, while it lives and when it has ended.
  const [memory] = memories as Set<SharedArrayBuffer>;
  new Tally(memory as SharedArrayBuffer).count(7, 1, 2);
  new Tally(memory as SharedArrayBuffer).count(8, 1, 2);
  const all = totals.copy();
  expect(all.runTime.count).toBe(totals.runTime.count + 2);
  expect(all.bytesOut).toBe(totals.bytesOut + 2 * 8);
  expect(tallies.end(8, true)).toBe(true);
  expect(totals.copy()).toEqual(all);
  expect(totals.runTime).toEqual(all.runTime);
  // The next thread may have the memory, and another task.
  expect(tallies.end(8, true)).toBe(false);
});
