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

it('does not take a run that is told of late for the one that has begun since', async () => {
  const path = join(scratch(), 'late.trace.json');
  const file = new TraceFile(path);
  const start = performance.now();
  const running = { task: 'second', id: 2, since: start + 2 };
  const worker = { id: 1, label: '1', busyTime: 0, running };
  let state: TracedState = { waiting: 0, workers: [worker] };
  const tracer = new Tracer('late', file, 0, () => state);
  await until(() => eventsOf(path).some(({ ph }) => ph === 'B'));
  const request = (id: number, name: string): ObservedRequest => ({
    id,
    task: { id, name },
    priority: 0,
    items: 1,
    queuedAt: start,
    worker: undefined,
    startedAt: undefined,
  });
  const run = { completed: 1, failed: 0, itemTimes: undefined, bytesIn: 0, bytesOut: 0 };
  const first: ObservedRun = { ...run, startedAt: start + 1, runTime: 0.5 };
  const second: ObservedRun = { ...run, startedAt: running.since, runTime: 200 };
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
