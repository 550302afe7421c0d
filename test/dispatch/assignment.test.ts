import { describe, expect, it } from 'vitest';
import { Assignment } from '../../dist/src/dispatch/assignment.js';
import { Selection } from '../../dist/src/dispatch/selection.js';
import { Suspects } from '../../dist/src/dispatch/suspects.js';
import { Ledger } from '../../dist/src/ledger/ledger.js';
import { Backlog } from '../../dist/src/requests/backlog.js';
import { Queue } from '../../dist/src/requests/queue.js';
import { Request } from '../../dist/src/requests/request.js';
import type { TaskRef } from '../../dist/src/tasks/registry.js';
import { Prefetch } from '../../dist/src/worker/prefetch.js';
import type { Worker } from '../../dist/src/worker/worker.js';

const ledger = new Ledger();
const task = { mean: 1, runs: 1, kills: 0, ledger, account: ledger.accountOf('task') } as TaskRef;
const counts = { completed: 0, failed: 0, reclaimed: 0, retried: 0, busyTime: 0, ejected: 0 };
const limits = { depth: 8, prefetch: new Prefetch(1.5), bytes: 1_000 };
const policy = { name: 'none', pins: false, add() {}, remove() {}, select: () => undefined, update() {} };

/** A worker of which the given requests can be taken back, and that only notes what it is given. */
function worker(unstarted: Request[], onStage: (request: Request) => void): Worker {
  const view = { pending: unstarted.length, available: true };
  return {
    view,
    state: 'ready',
    status: { isUnresponsive: false },
    backlog: new Backlog(),
    get unstarted() {
      return unstarted.length;
    },
    reclaim: () => unstarted.splice(0),
    stage(request: Request) {
      view.pending++;
      onStage(request);
    },
    flush() {},
  } as unknown as Worker;
}

describe('what is moved to an idle worker', () => {
  it('is not given to it if it has been aborted on the way', async () => {
    const [first, second, third] = [1, 2, 3].map((id) => new Request(id, task, [], undefined)) as [
      Request,
      Request,
      Request,
    ];
    const aborted = second.promise();
    const staged: Request[] = [];
    const idle = worker([], (request) => {
      staged.push(request);
      // As a getter in its arguments may do.
      if (request === first) second.reject(new Error('enough'), 'aborted');
    });
    for (const request of [first, third]) request.promise();
    const busy = worker([first, second, third], () => {});
    const workers = [busy, idle];
    const suspects = new Suspects({ queue: new Queue(), isShort: () => false, offerAgain() {} });
    const selection = new Selection(policy, limits.prefetch, workers, suspects);
    new Assignment(new Queue(), policy, workers, counts, selection, 2).run(undefined);
    expect(staged).toEqual([first, third]);
    await expect(aborted).rejects.toThrow('enough');
  });
});
