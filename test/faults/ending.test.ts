import { expect, it } from 'vitest';
import { Dispatcher } from '../../dist/src/dispatch/dispatcher.js';
import { createPolicy } from '../../dist/src/policies/index.js';
import { Backlog } from '../../dist/src/requests/backlog.js';
import { Request } from '../../dist/src/requests/request.js';
import { TaskRef } from '../../dist/src/tasks/registry.js';
import { Prefetch } from '../../dist/src/worker/prefetch.js';

// The moment between "it still runs" and the end of its thread is too short to be met on real threads.
it.each([true, false])(
  'a thread is ended for a request only if that still runs when nothing else can start: %s',
  (runs) => {
    const dispatcher = new Dispatcher(
      {
        policy: createPolicy('least-pending', { now: () => 0, random: Math.random }),
        limits: { depth: 8, prefetch: new Prefetch(1), bytes: 1 },
        bell: new SharedArrayBuffer(4),
        cores: 2,
        isShort: () => false,
      },
      { drained() {}, idle() {}, busy() {} },
    );
    const task = new TaskRef(
      { kind: 'module', id: 1, name: 'task', url: 'file:///task.mjs', base: 'file:///', path: ['run'] },
      false,
    );
    const make = (id: number): Request => {
      const request = new Request(id, task, [], undefined);
      void request.promise();
      return request;
    };
    const [hanging, ...unstarted] = [make(1), make(2), make(3)];
    const done: string[] = [];
    const worker = {
      view: { id: 1 },
      state: 'ready',
      backlog: new Backlog(),
      takeAll: () => {
        done.push('take');
        return unstarted;
      },
      isRunning: () => {
        done.push('look');
        return runs;
      },
      putBack: (requests: unknown) =>
        done.push(requests === unstarted ? 'put back' : 'put back something else'),
      eject() {},
      terminate: () => done.push('terminate'),
    };
    dispatcher.end(worker as never, hanging as never);
    expect(done).toEqual(runs ? ['take', 'look', 'terminate'] : ['take', 'look', 'put back']);
    expect([...dispatcher.queue.takeAll()]).toEqual(runs ? unstarted : []);
  },
);
