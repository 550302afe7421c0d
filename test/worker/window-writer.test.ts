import { describe, expect, it, vi } from 'vitest';
import { windowBytes } from '../../dist/src/protocol/layout.js';
import { Window } from '../../dist/src/protocol/window.js';
import { Request, RequestExtras } from '../../dist/src/requests/request.js';
import type { TaskRef } from '../../dist/src/tasks/registry.js';
import { InFlight } from '../../dist/src/worker/in-flight.js';
import type { Sender } from '../../dist/src/worker/sender.js';
import { WindowWriter } from '../../dist/src/worker/window-writer.js';

const CAPACITY = 1_024;
const task = { id: 1, mean: 0.1, runs: 1 } as TaskRef;
/** Arguments that need no message. */
const sender = {
  sending: 0,
  introduce() {},
  over() {},
  drop() {},
  arena: { begin() {}, bytes: 0, end: 0 },
} as unknown as Sender;

function filled(requests: readonly Request[]) {
  const window = new Window(new SharedArrayBuffer(windowBytes(CAPACITY)), new SharedArrayBuffer(4), CAPACITY);
  window.reset();
  const inFlight = new InFlight(CAPACITY, { pending: 0, work: 0 });
  const writer = new WindowWriter(window, inFlight, sender);
  for (const request of requests) writer.stage(request);
  writer.post();
  return { window, inFlight, writer };
}

function request(id: number, isPinned: boolean): Request {
  const extras = new RequestExtras();
  extras.pinned = isPinned;
  const made = new Request(id, task, [id], extras);
  void made.promise();
  return made;
}

describe('requests that are wanted for an idle worker', () => {
  it('where all must stay, none is looked at, however many there are', () => {
    const { window, inFlight, writer } = filled(
      Array.from({ length: 1_000 }, (_, i) => request(i + 1, true)),
    );
    window.claim();
    const at = vi.spyOn(inFlight, 'at');
    expect(writer.reclaim(500, 'balance')).toEqual([]);
    expect(at.mock.calls.length).toBeLessThan(3);
    inFlight.verify();
    // Where the worker leaves, a key is no reason to stay.
    expect(writer.reclaim(500, 'leaving')).toHaveLength(500);
    inFlight.verify();
  });

  it('the only one that may run elsewhere is found, unless it has been started', () => {
    const requests = Array.from({ length: 10 }, (_, i) => request(i + 1, i > 0));
    const { window, inFlight, writer } = filled(requests);
    expect(writer.reclaim(5, 'balance')).toEqual([requests[0]]);
    inFlight.verify();
    expect(writer.stage(requests[0]!)).toBeUndefined();
    writer.post();
    for (let i = 0; i < 10; i++) window.claim();
    expect(writer.reclaim(5, 'balance')).toEqual([]);
  });
});
