import { MessagePort } from 'node:worker_threads';
import { onTestFinished, vi } from 'vitest';
import type { ArgumentsMessage, ToWorker } from '../../dist/src/protocol/messages.js';

/**
 * Watches the messages to threads from now on; gives how many of a type there have been, or of those with
 * that buffer.
 */
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
