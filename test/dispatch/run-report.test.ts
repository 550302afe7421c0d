import { expect, it } from 'vitest';
import { reportDeath, reportRun } from '../../dist/src/dispatch/run-report.js';
import { IdleObserver, type ObservedRun } from '../../dist/src/ledger/observer.js';
import { MetricsRecorders } from '../../dist/src/metrics/metrics.js';
import { CLOCK_OFFSET } from '../../dist/src/protocol/clock.js';
import { Request } from '../../dist/src/requests/request.js';
import { TaskRef } from '../../dist/src/tasks/registry.js';
import type { Worker } from '../../dist/src/worker/worker.js';

/** The main thread has got a completion from it, of a run that has started then. */
function workerThatStarted(lastStart: number): Worker {
  return { id: 1, completions: { lastStart } } as unknown as Worker;
}

const task = new TaskRef(
  { kind: 'module', id: 1, name: 'task', url: 'file:///task.js', path: [], base: '' },
  false,
);

it.each([
  ['as the thread has noted', 10, 12, { startedAt: 12, runTime: 5 }],
  ['not before it was submitted: it ends as noted', 13, 12, { startedAt: 13, runTime: 4 }],
  ['and ends not before it begins', 20, 12, { startedAt: 20, runTime: 0 }],
  ['as noted, where nobody knows when it was submitted', undefined, 12, { startedAt: 12, runTime: 5 }],
])('a run has started %s', (_, queuedAt, lastStart, expected) => {
  const runs: ObservedRun[] = [];
  const observer = new (class extends IdleObserver {
    override ran(...[, , run]: Parameters<IdleObserver['ran']>): void {
      runs.push({ ...run });
    }
  })();
  const request = new Request(1, task, [], undefined);
  request.queuedAt = queuedAt;
  reportRun(observer, workerThatStarted(lastStart), request, 5, false);
  expect(runs).toMatchObject([expected]);
});

it.each([
  ['has not counted it', false, 1],
  ['has counted it, and ended before it could say so', true, 0],
])('a run in which its thread has ended is counted once: the thread %s', (_, hasCounted, count) => {
  const recorders = new MetricsRecorders();
  task.ledger.record(recorders);
  const request = new Request(7, task, [], undefined);
  request.queuedAt = performance.now() - 10;
  const running = { startOf: () => performance.now() - 5 + CLOCK_OFFSET };
  reportDeath({ hasCounted, running } as unknown as Worker, request, -1);
  const { failed, runTime, waitTime } = recorders.recorderOf('task', task.account.outcomes);
  expect([failed, runTime.count, waitTime.count]).toEqual([1, count, count]);
});
