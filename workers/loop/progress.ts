/** Progress values of a task, not far ahead of the main thread. */
import type { Window } from '../../src/protocol/window.js';
import { send, type WorkerChannel } from './send.js';

/**
 * How many messages may be unread by the main thread before a task that reports progress waits for it, and
 * how long it waits. Then it goes on, since the main thread may itself be waiting for the task.
 */
const MAX_UNREAD = 256;
const WAIT_MS = 1_000;

/** Sends a value to the caller's `onProgress`. @throws NotCloneableError it cannot be cloned */
export function sendProgress(window: Window, channel: WorkerChannel, id: number, value: unknown): void {
  window.flow.awaitRoom(channel.sent, MAX_UNREAD, WAIT_MS);
  send(channel, value, undefined, 'the progress value', (parts) => {
    return { type: 'progress', id, ...parts };
  });
}
