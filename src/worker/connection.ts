/** What the main thread uses of a thread: its window in shared memory, two ports, the thread itself. */

import type { MessagePort } from 'node:worker_threads';
import { Channel } from '../protocol/channel.js';
import type { ResultMessage, ToMain, ToWorker } from '../protocol/messages.js';
import { Window } from '../protocol/window.js';
import { adopt } from '../values/realm.js';
import { type Launched, launch } from './launch.js';
import type { WorkerSetup } from './setup.js';
import type { Thread, ThreadDeath } from './thread.js';

export type MainChannel = Channel<ToMain, ToWorker, ResultMessage>;

export interface Connection {
  readonly window: Window;
  readonly channel: MainChannel;
  /** For arguments alone. */
  readonly argumentsPort: MessagePort;
  readonly thread: Thread;
  /** The thread has ended, and everything is taken out of the window: its memory is for the next one. */
  leaveWindow(): void;
}

/**
 * Connects with a thread, and starts it if it has not been started.
 * @param unreadable called with the number of each message that cannot be read here
 * @param died called once, with the exit code, when the thread has ended
 */
export function connect(
  setup: WorkerSetup,
  received: (message: ToMain) => void,
  unreadable: (number: number, error: unknown) => void,
  died: (exitCode: ThreadDeath['exitCode']) => void,
): Connection {
  const launched: Launched = setup.launched ?? launch(setup.launch, setup);
  const { memory, capacity, port, argumentsPort, thread } = launched;
  const window = new Window(memory, setup.launch.bell, capacity);
  const channel: MainChannel = new Channel(port, received, {
    received: (count) => window.flow.received(count),
    unreadable,
    adopt,
  });
  channel.unref();
  thread.onDeath = died;
  const leaveWindow = (): void => {
    window.leaveMemory();
    launched.giveMemoryBack();
  };
  return { window, channel, argumentsPort, thread, leaveWindow };
}
