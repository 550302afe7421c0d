import { describe, expect, it } from 'vitest';
import { makesNoProgress, STUCK_MS, URGENT_STUCK_MS } from '../../dist/src/dispatch/load.js';
import { Urgency } from '../../dist/src/dispatch/urgency.js';
import { Request, RequestExtras } from '../../dist/src/requests/request.js';
import type { TaskRef } from '../../dist/src/tasks/registry.js';
import type { Worker } from '../../dist/src/worker/worker.js';

const task = {} as TaskRef;

function requestOf(id: number, priority: number): Request {
  const extras = new RequestExtras();
  extras.priority = priority;
  return new Request(id, task, [], extras);
}

/** A worker that has run a request since the time 0, with these behind it. */
function busy(behind: Request[]): Worker {
  return {
    state: 'ready',
    view: { available: false, pending: 1 + behind.length, work: 1 + behind.length },
    inFlight: { lowestPriority: 0, hasUnknown: false },
    status: { hasUrgent: false },
    completions: { lastProgress: 0, areThere: false },
    reclaimBelow: () => behind.splice(0),
  } as unknown as Worker;
}

describe('a request that has been put ahead of others', () => {
  it('is sooner held up by the run before it', () => {
    const worker = busy([requestOf(1, 0)]);
    const urgency = new Urgency([worker], () => {});
    expect(makesNoProgress(worker, URGENT_STUCK_MS)).toBe(false);
    expect(urgency.makeRoom(requestOf(2, 10))).toBe(true);
    expect(makesNoProgress(worker, URGENT_STUCK_MS)).toBe(true);
  });

  it('is no such one where nothing has left for it', () => {
    const worker = busy([]);
    const urgency = new Urgency([worker], () => {});
    urgency.makeRoomOn(requestOf(2, 10), worker);
    expect(makesNoProgress(worker, URGENT_STUCK_MS)).toBe(false);
    expect(makesNoProgress(worker, STUCK_MS)).toBe(true);
  });
});
