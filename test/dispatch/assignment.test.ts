import { describe, expect, it } from 'vitest';
import { Assignment } from '../../dist/src/dispatch/assignment.js';
import { Queue } from '../../dist/src/requests/queue.js';
import { Request } from '../../dist/src/requests/request.js';
import type { TaskRef } from '../../dist/src/tasks/registry.js';
import { Prefetch } from '../../dist/src/worker/prefetch.js';
import type { Worker } from '../../dist/src/worker/worker.js';

const task = { mean: 1, runs: 1 } as TaskRef;
const counts = { submitted: 0, completed: 0, failed: 0, reclaimed: 0, retried: 0, ejected: 0 };
const limits = { depth: 8, lead: new Prefetch(1.5), bytes: 1_000 };
const policy = { name: 'none', pins: false, add() {}, remove() {}, select: () => undefined, update() {} };

/** A worker that only notes what it is given. */
function worker(onStage: (request: Request) => void): Worker {
  const view = { pending: 1, available: true };
  return { view, backlog: [], touched: false, stage: onStage, flush() {} } as unknown as Worker;
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
    const idle = worker((request) => {
      staged.push(request);
      // As a getter in its arguments may do.
      if (request === first) second.reject(new Error('enough'));
    });
    for (const request of [first, third]) request.promise();
    const handout = new Assignment(new Queue(), policy, limits, [], counts);
    handout.give(
      [first, second, third],
      worker(() => {}),
      idle,
    );
    expect(staged).toEqual([first, third]);
    await expect(aborted).rejects.toThrow('enough');
  });
});
