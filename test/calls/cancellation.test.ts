import { expect, it } from 'vitest';
import { Cancellation } from '../../dist/src/calls/cancellation.js';
import { Request, RequestExtras } from '../../dist/src/requests/request.js';
import { TaskRef } from '../../dist/src/tasks/registry.js';
import { until } from '../support/until.js';

const task = new TaskRef(
  { kind: 'module', id: 1, name: 't', url: 'file:///t.js', base: 'file:///', path: ['t'] },
  false,
);

const noSuccessors = { lead: 0, prepare() {}, decided() {} };

it('a queueTimeout spares a request that its thread claims just before it would be taken back', async () => {
  let claimed: Request | undefined;
  const stopped: Request[] = [];
  const worker = {
    isRunning: (request: Request) => request === claimed,
    running: { isUndecided: () => false, isLoading: () => false },
    commands: { cancel: (request: Request) => stopped.push(request) },
  };
  const asked: Request[] = [];
  const dispatcher = {
    collect() {},
    withdraw(request: Request) {
      asked.push(request);
      // The thread goes on while the main thread takes back the younger one.
      if (request === requests[1]) claimed = requests[0];
      return request !== claimed;
    },
  };
  const cancellation = new Cancellation(dispatcher as never, 0, () => noSuccessors);
  const requests = [1, 2].map((id) => {
    const extras = Object.assign(new RequestExtras(), { queueTimeout: 1, worker });
    const request = new Request(id, task, undefined, extras);
    cancellation.watch(request, extras);
    return request;
  });
  const ends = Promise.allSettled(requests.map((request) => request.promise()));
  // Both are due before the event loop turns, so that they expire together.
  const due = performance.now() + 5;
  while (performance.now() < due);
  await until(() => asked.length === 2);
  claimed?.resolve('ran');
  expect(await ends).toMatchObject([
    { status: 'fulfilled', value: 'ran' },
    { status: 'rejected', reason: { code: 'ERR_TASK_TIMEOUT', phase: 'queue' } },
  ]);
  expect(stopped).toEqual([]);
});

it.each([
  ['starts it just before', false, ['fulfilled', []]],
  ['is told in time', true, ['rejected', [1]]],
] as const)(
  'a queueTimeout ends while a thread loads the function, and the thread %s',
  async (_, isForbidden, [status, ids]) => {
    const stopped: number[] = [];
    const worker = {
      state: 'ready',
      isRunning: () => true,
      running: { isUndecided: () => false, isLoading: () => true, forbidStart: () => isForbidden },
      commands: { cancel: ({ id }: Request) => stopped.push(id) },
    };
    const dispatcher = { collect: () => looks++, withdraw: () => false, end() {} };
    let looks = 0;
    const cancellation = new Cancellation(dispatcher as never, 0, () => noSuccessors);
    const extras = Object.assign(new RequestExtras(), { queueTimeout: 1, worker });
    const request = new Request(1, task, undefined, extras);
    cancellation.watch(request, extras);
    const end = Promise.allSettled([request.promise()]);
    await until(() => looks > 0);
    request.resolve('ran');
    expect(await end).toMatchObject([{ status }]);
    expect(stopped).toEqual(ids);
  },
);
