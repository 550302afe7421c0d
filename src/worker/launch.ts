/**
 * The start of a thread, with the memory and the ports that connect it. Little code, so that the first threads
 * of a program start before the rest of the library is loaded: see `pool/head-start.ts`.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { ThreadSettings } from '../options/thread.js';
import { withCleanPrototype } from '../protocol/clean-prototype.js';
import type { ModuleAddress } from '../protocol/messages.js';
import { requireHooks } from '../tasks/require-hooks.js';
import { Thread } from './thread.js';
import { threadName } from './thread-name.js';
import { giveWindowMemoryBack, takeWindowMemory } from './window-memory.js';

/** What all threads of a Balancer are started with. */
export interface LaunchSettings {
  /** Most requests in a window. */
  readonly depth: number;
  /** One word that they share: whether the main thread looks or sleeps. See `window.ts`. */
  readonly bell: SharedArrayBuffer;
  /** How long a thread spins for its next request before it sleeps, in ms. */
  readonly spin: number;
  /** Memory of the permits to spin. */
  readonly spinners: SharedArrayBuffer;
  readonly preload: readonly ModuleAddress[];
  readonly watchHeap: boolean;
  /** How long the `teardown` of its modules may take, in ms; `Infinity`: no limit. */
  readonly teardownLimit: number;
  /** Name of the Balancer, for those of the threads. */
  readonly name: string;
  readonly thread: ThreadSettings;
}

/** What is special about one of them. */
export interface LaunchOrder {
  readonly id: number;
  /**
   * Number of its place, from 0 and below the number of places: its successor gets the same one, also while
   * it still leaves itself.
   */
  readonly slot: number;
  /** No other worker is ready: requests may be sent to it while it is still coming up. */
  readonly isAwaited: boolean;
  /** How many threads were in its place before. */
  readonly restarts: number;
}

/** A thread that comes up, and this side of what connects it. */
export interface Launched {
  /** Of its window. */
  readonly memory: SharedArrayBuffer;
  /** Of its window. */
  readonly capacity: number;
  readonly port: MessagePort;
  /** For arguments alone. */
  readonly argumentsPort: MessagePort;
  readonly thread: Thread;
  /** The thread has ended, and nobody here uses the window's memory any more. */
  giveMemoryBack(): void;
}

/** Starts a thread. It is to be told at once whom its end concerns: see `Thread.onDeath`. */
export function launch(settings: LaunchSettings, order: LaunchOrder): Launched {
  const { id, slot, isAwaited, restarts } = order;
  const { depth, bell, spin, spinners, preload, watchHeap, teardownLimit, name } = settings;
  const capacity = ringCapacity(depth);
  const memory = takeWindowMemory(capacity);
  const [{ port1, port2 }, forArguments] = withCleanPrototype(() => [
    new MessageChannel(),
    new MessageChannel(),
  ]);
  const thread = new Thread(
    {
      port: port2,
      argumentsPort: forArguments.port2,
      window: memory,
      bell,
      capacity,
      spin,
      spinners,
      id,
      name: threadName(name, id),
      slot,
      preload,
      requireHooks: requireHooks(),
      isAwaited,
      watchHeap,
      teardownLimit,
    },
    [port2, forArguments.port2],
    settings.thread,
    restarts === 0,
  );
  const giveMemoryBack = (): void => giveWindowMemoryBack(memory, capacity);
  return { memory, capacity, port: port1, argumentsPort: forArguments.port1, thread, giveMemoryBack };
}

/** The smallest power of two that holds `depth`, and at least 2. */
function ringCapacity(depth: number): number {
  return Math.max(2, 2 ** Math.ceil(Math.log2(depth)));
}
