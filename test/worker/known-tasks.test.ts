import { expect, it } from 'vitest';
import { windowBytes } from '../../dist/src/protocol/layout.js';
import type { ToWorker } from '../../dist/src/protocol/messages.js';
import { Window } from '../../dist/src/protocol/window.js';
import { TaskRef } from '../../dist/src/tasks/registry.js';
import { InFlight } from '../../dist/src/worker/in-flight.js';
import { Sender } from '../../dist/src/worker/sender.js';

/** An inline task with a source of that many characters. */
function taskOf(id: number, length: number): TaskRef {
  const source = 'x'.repeat(length);
  const definition = { kind: 'inline', id, name: 'f', source, base: '', sloppy: false, helpers: [] } as const;
  return new TaskRef(definition, false);
}

it('a thread forgets tasks when their sources are long, and not those in its window', () => {
  const messages: ToWorker[] = [];
  const forgotten: number[] = [];
  const window = new Window(new SharedArrayBuffer(windowBytes(2)), new SharedArrayBuffer(4), 2);
  const inFlight = new InFlight(2, { pending: 0, work: 0 } as never);
  const channel = { send: (message: ToWorker) => messages.push(message) };
  const sender = new Sender(channel as never, undefined as never, window, inFlight, (ids) =>
    forgotten.push(...ids),
  );
  const MIB = 2 ** 20;
  const inUse = [{ task: { id: 1 } }] as never;
  for (let id = 1; id <= 9; id++) sender.introduce(taskOf(id, MIB), inUse);
  expect(messages.filter(({ type }) => type === 'forget')).toEqual([]);
  sender.introduce(taskOf(10, MIB), inUse);
  expect(messages.slice(-2)).toMatchObject([
    { type: 'forget', ids: [2, 3, 4, 5, 6, 7, 8, 9] },
    { type: 'define', definition: { id: 10 } },
  ]);
  expect(forgotten).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  // Defined anew before it is used again; and the count began anew.
  sender.introduce(taskOf(2, MIB), inUse);
  expect(messages.at(-1)).toMatchObject({ type: 'define', definition: { id: 2 } });
});
