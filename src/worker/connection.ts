/**
 * What connects the main thread with one worker thread: the window in shared memory, two ports, the thread.
 */

import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Channel } from '../protocol/channel.js';
import { windowBytes } from '../protocol/layout.js';
import type { ResultMessage, ToMain, ToWorker } from '../protocol/messages.js';
import { Window } from '../protocol/window.js';
import { requireHooks } from '../tasks/require-hooks.js';
import { adopt } from '../values/realm.js';
import type { WorkerSetup } from './setup.js';
import { Thread, type ThreadDeath } from './thread.js';
import { threadName } from './thread-name.js';

export type MainChannel = Channel<ToMain, ToWorker, ResultMessage>;

export interface Connection {
  readonly window: Window;
  readonly channel: MainChannel;
  /** For arguments alone. */
  readonly argumentsPort: MessagePort;
  readonly thread: Thread;
}

/**
 * Makes all of it, and with that starts the thread.
 * @param unreadable called with the number of each message that cannot be read here
 * @param died called once, when the thread has ended
 */
export function connect(
  setup: WorkerSetup,
  received: (message: ToMain) => void,
  unreadable: (number: number, error: unknown) => void,
  died: (death: ThreadDeath) => void,
): Connection {
  const { bell, spin, spinners, id, slot, preload, isAwaited, watchHeap, teardownLimit } = setup;
  const capacity = ringCapacity(setup.limits.depth);
  const shared = new SharedArrayBuffer(windowBytes(capacity));
  const window = new Window(shared, bell, capacity);
  window.reset();
  const { port1, port2 } = new MessageChannel();
  const channel: MainChannel = new Channel(port1, received, {
    received: (count) => window.flow.received(count),
    unreadable,
    adopt,
  });
  channel.unref();
  const forArguments = new MessageChannel();
  const thread = new Thread(
    {
      port: port2,
      argumentsPort: forArguments.port2,
      window: shared,
      bell,
      capacity,
      spin,
      spinners,
      id,
      name: threadName(setup.name, id),
      slot,
      preload,
      requireHooks: requireHooks(),
      isAwaited,
      watchHeap,
      teardownLimit,
    },
    [port2, forArguments.port2],
    setup.thread,
    died,
  );
  return { window, channel, argumentsPort: forArguments.port1, thread };
}

/** The smallest power of two that holds `depth`, and at least 2. */
function ringCapacity(depth: number): number {
  return Math.max(2, 2 ** Math.ceil(Math.log2(depth)));
}
