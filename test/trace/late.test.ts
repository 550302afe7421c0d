import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { ObservedRequest, ObservedRun } from '../../dist/src/ledger/observer.js';
import { performance } from '../../dist/src/protocol/clock.js';
import { TraceFile } from '../../dist/src/trace/trace-file.js';
import { type TracedState, Tracer } from '../../dist/src/trace/tracer.js';
import { scratch } from '../support/scratch.js';
import { until } from '../support/until.js';
import { eventsOf, runsOf } from './events.js';
import { problemsOfFile } from './validate.js';

function requestOf(id: number, name: string): ObservedRequest {
  const task = { id, name };
  return { id, task, priority: 0, items: 1, queuedAt: 0, worker: undefined, startedAt: undefined };
}

const anyRun: ObservedRun = {
  startedAt: 0,
  runTime: 1,
  completed: 1,
  failed: 0,
  itemTimes: undefined,
};

it('has a track of its own for what is submitted, also where the process has the id of a worker', () => {
  const path = join(scratch(), 'container.trace.json');
  const { pid } = process;
  Object.defineProperty(process, 'pid', { value: 2 });
  try {
    const tracer = new Tracer('one', new TraceFile(path), 10, () => ({ waiting: 0, workers: [] }));
    for (const id of [1, 2, 3]) {
      const queuedAt = performance.now();
      const request = { ...requestOf(id, 'work'), queuedAt };
      tracer.submitted(request);
      tracer.ran(request, { id }, { ...anyRun, startedAt: queuedAt });
    }
    tracer.stop();
  } finally {
    Object.defineProperty(process, 'pid', { value: pid });
  }
  expect(problemsOfFile(path)).toEqual([]);
  const tracks = eventsOf(path).filter(({ name }) => name === 'thread_name');
  expect(tracks.map(({ tid, args }) => [tid, args?.name])).toEqual([
    [2, 'submitted'],
    [1, 'worker 1'],
    [3, 'worker 2'],
    [4, 'worker 3'],
  ]);
});

it('has counters that do not go back in time where a run has ended later than it is now', () => {
  const path = join(scratch(), 'ahead.trace.json');
  const tracer = new Tracer('ahead', new TraceFile(path), 0, () => ({ waiting: 0, workers: [] }));
  tracer.ran(requestOf(1, 'work'), { id: 1 }, { ...anyRun, startedAt: performance.now(), runTime: 1_000 });
  tracer.stop();
  expect(problemsOfFile(path)).toEqual([]);
});

it('does not take a run that is told of late for the one that has begun since', async () => {
  const path = join(scratch(), 'late.trace.json');
  const file = new TraceFile(path);
  const start = performance.now();
  const running = { task: 'second', id: 2, since: start + 2 };
  const worker = { id: 1, label: '1', busyTime: 0, running };
  let state: TracedState = { waiting: 0, workers: [worker] };
  const tracer = new Tracer('late', file, 0, () => state);
  await until(() => eventsOf(path).some(({ ph }) => ph === 'B'));
  const request = (id: number, name: string) => ({ ...requestOf(id, name), queuedAt: start });
  const first: ObservedRun = { ...anyRun, startedAt: start + 1, runTime: 0.5 };
  const second: ObservedRun = { ...anyRun, startedAt: running.since, runTime: 200 };
  // Nothing is told before it is over.
  await until(() => performance.now() > start + 202);
  tracer.ran(request(1, 'first'), { id: 1 }, first);
  state = { waiting: 0, workers: [{ ...worker, running: { task: 'third', id: 3, since: start + 202 } }] };
  tracer.ran(request(2, 'second'), { id: 1 }, second);
  tracer.stop();
  const runs = runsOf(eventsOf(path)).filter(({ name }) => name !== 'third');
  expect(runs.map(({ name }) => name)).toEqual(['first', 'second']);
  for (const [i, length] of [500, 200_000].entries()) expect(runs[i]?.dur).toBeCloseTo(length, 0);
  expect(problemsOfFile(path)).toEqual([]);
});
