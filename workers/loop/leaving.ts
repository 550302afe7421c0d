/** What is done when a thread ends by itself. */
import type { Window } from '../../src/protocol/window.js';
import type { Arguments } from '../input/arguments.js';
import type { WorkerChannel } from './send.js';

/** Returns transferred values of requests that have not started, since they exist nowhere else. */
export function returnTransferred(window: Window, channel: WorkerChannel, args: Arguments): void {
  window.handover.takeLast();
  for (const [message, transferred] of args.transferred()) {
    try {
      channel.send({ type: 'returned', arguments: message }, transferred);
    } catch {
      // Not everything can be transferred twice. The main thread reports it as lost.
    }
  }
}
