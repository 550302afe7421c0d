/** What the tests of shared memory have in common. */
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MessagePort } from 'node:worker_threads';
import { onTestFinished, vi } from 'vitest';
import type { ArgumentsMessage, ToWorker } from '../../dist/src/protocol/messages.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Collects garbage, and lets what watches for it know. */
export async function gc(): Promise<void> {
  // What a turn has looked at through a WeakRef lives until its end.
  await turn();
  collect();
  await turn();
}

/** Watches the messages to threads from now on; gives how many of a type there have been, or of those with that buffer. */
export function watchMessages(): (
  type: ToWorker['type'] | 'arguments',
  buffer?: SharedArrayBuffer,
) => number {
  const spy = vi.spyOn(MessagePort.prototype, 'postMessage');
  onTestFinished(() => spy.mockRestore());
  return (type, buffer) =>
    spy.mock.calls.filter(([message]) => {
      if (buffer !== undefined && (message as { buffer?: unknown }).buffer !== buffer) return false;
      return typeOf(message) === type;
    }).length;
}

function typeOf(message: ToWorker | ArgumentsMessage): string | undefined {
  // Arguments have a port of their own, and need no type.
  return 'values' in message && 'sending' in message ? 'arguments' : (message as ToWorker).type;
}
